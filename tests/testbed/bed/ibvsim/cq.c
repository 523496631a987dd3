// SPDX-License-Identifier: GPL-2.0
/* Completion queues: a ring, and a call when something is in it. */
#include "ibvsim.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
static int ivs_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
			 struct uverbs_attr_bundle *attrs)
#else
static int ivs_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
			 struct ib_udata *udata)
#endif
{
	struct ivs_cq *cq = container_of(ibcq, struct ivs_cq, ibcq);

	spin_lock_init(&cq->lock);
	cq->size = roundup_pow_of_two(attr->cqe + 1);
	cq->ring = kvcalloc(cq->size, sizeof(*cq->ring), GFP_KERNEL);
	if (!cq->ring)
		return -ENOMEM;
	ibcq->cqe = cq->size - 1;
	return 0;
}

static int ivs_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata)
{
	kvfree(container_of(ibcq, struct ivs_cq, ibcq)->ring);
	return 0;
}

void ivs_cq_push(struct ivs_cq *cq, const struct ib_wc *wc)
{
	unsigned long fl;
	bool notify = false;

	spin_lock_irqsave(&cq->lock, fl);
	if (cq->head - cq->tail < cq->size) {
		cq->ring[cq->head++ & (cq->size - 1)] = *wc;
		notify = cq->armed;
		cq->armed = false;
	}
	spin_unlock_irqrestore(&cq->lock, fl);
	if (notify && cq->ibcq.comp_handler)
		cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
}

static int ivs_poll_cq(struct ib_cq *ibcq, int n, struct ib_wc *wc)
{
	struct ivs_cq *cq = container_of(ibcq, struct ivs_cq, ibcq);
	unsigned long fl;
	int i;

	spin_lock_irqsave(&cq->lock, fl);
	for (i = 0; i < n && cq->tail != cq->head; i++)
		wc[i] = cq->ring[cq->tail++ & (cq->size - 1)];
	spin_unlock_irqrestore(&cq->lock, fl);
	return i;
}

static int ivs_req_notify_cq(struct ib_cq *ibcq, enum ib_cq_notify_flags flags)
{
	struct ivs_cq *cq = container_of(ibcq, struct ivs_cq, ibcq);
	unsigned long fl;
	int rc;

	spin_lock_irqsave(&cq->lock, fl);
	cq->armed = true;
	rc = (flags & IB_CQ_REPORT_MISSED_EVENTS) && cq->head != cq->tail;
	spin_unlock_irqrestore(&cq->lock, fl);
	return rc;
}

const struct ib_device_ops ivs_cq_ops = {
	.create_cq = ivs_create_cq,
	.destroy_cq = ivs_destroy_cq,
	.poll_cq = ivs_poll_cq,
	.req_notify_cq = ivs_req_notify_cq,

	INIT_RDMA_OBJ_SIZE(ib_cq, ivs_cq, ibcq),
};
