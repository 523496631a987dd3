// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pairs: UD and GSI, which IPoIB and the connection manager live on, and
 * SENDs on RC, for IPoIB's connected mode.  There is no RDMA read or write.
 */
#include "ibvsim.h"

static u32 ivs_next_qpn(void)
{
	static atomic_t qpn = ATOMIC_INIT(0x100);

	return atomic_inc_return(&qpn) & 0xffffff;
}

static int ivs_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *init,
			 struct ib_udata *udata)
{
	struct ivs_qp *qp = container_of(ibqp, struct ivs_qp, ibqp);
	struct ivs_dev *d = to_ivs(ibqp->device);

	switch (init->qp_type) {
	case IB_QPT_GSI:
		ibqp->qp_num = 1;
		break;
	case IB_QPT_UD:
	case IB_QPT_RC:
	case IB_QPT_UC:
		ibqp->qp_num = ivs_next_qpn();
		break;
	default:
		return -EOPNOTSUPP;
	}
	qp->dev = d;
	qp->type = init->qp_type;
	qp->state = IB_QPS_RESET;
	qp->sig_all = init->sq_sig_type == IB_SIGNAL_ALL_WR;
	qp->cap = init->cap;
	spin_lock_init(&qp->rq_lock);
	INIT_LIST_HEAD(&qp->mcs);
	qp->rq_size = roundup_pow_of_two(init->cap.max_recv_wr + 1);
	qp->rq = kvcalloc(qp->rq_size, sizeof(*qp->rq), GFP_KERNEL);
	if (!qp->rq)
		return -ENOMEM;
	write_lock_irq(&ivs_lock);
	list_add_tail(&qp->node, &d->qps);
	write_unlock_irq(&ivs_lock);
	return 0;
}

static void ivs_flush_rq(struct ivs_qp *qp, bool complete)
{
	unsigned long fl;

	for (;;) {
		struct ib_wc wc = { .status = IB_WC_WR_FLUSH_ERR, .opcode = IB_WC_RECV,
				    .qp = &qp->ibqp };

		spin_lock_irqsave(&qp->rq_lock, fl);
		if (qp->rq_tail == qp->rq_head) {
			spin_unlock_irqrestore(&qp->rq_lock, fl);
			return;
		}
		wc.wr_id = qp->rq[qp->rq_tail++ & (qp->rq_size - 1)].wr_id;
		spin_unlock_irqrestore(&qp->rq_lock, fl);
		if (complete)
			ivs_cq_push(container_of(qp->ibqp.recv_cq, struct ivs_cq, ibcq), &wc);
	}
}

static int ivs_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *a, int mask,
			 struct ib_udata *udata)
{
	struct ivs_qp *qp = container_of(ibqp, struct ivs_qp, ibqp);

	if (mask & IB_QP_QKEY)
		qp->qkey = a->qkey;
	if (mask & IB_QP_PKEY_INDEX) {
		if (a->pkey_index >= ivs_npkeys)
			return -EINVAL;
		qp->pkey_index = a->pkey_index;
	}
	if (mask & IB_QP_DEST_QPN)
		qp->dest_qp = a->dest_qp_num;
	if (mask & IB_QP_AV)
		qp->ah_attr = a->ah_attr;
	if (mask & IB_QP_STATE) {
		WRITE_ONCE(qp->state, a->qp_state);
		if (a->qp_state == IB_QPS_ERR)
			ivs_flush_rq(qp, true);
		else if (a->qp_state == IB_QPS_RESET)
			ivs_flush_rq(qp, false);
	}
	return 0;
}

static int ivs_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *a, int mask,
			struct ib_qp_init_attr *init)
{
	struct ivs_qp *qp = container_of(ibqp, struct ivs_qp, ibqp);

	memset(a, 0, sizeof(*a));
	memset(init, 0, sizeof(*init));
	a->qp_state = a->cur_qp_state = qp->state;
	a->qkey = qp->qkey;
	a->pkey_index = qp->pkey_index;
	a->port_num = 1;
	a->path_mtu = IB_MTU_4096;
	a->cap = init->cap = qp->cap;
	init->qp_type = qp->type;
	return 0;
}

static int ivs_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata)
{
	struct ivs_qp *qp = container_of(ibqp, struct ivs_qp, ibqp);
	struct ivs_mc *mc, *t;

	write_lock_irq(&ivs_lock);
	list_del(&qp->node);
	write_unlock_irq(&ivs_lock);
	list_for_each_entry_safe(mc, t, &qp->mcs, node)
		kfree(mc);
	kvfree(qp->rq);
	return 0;
}

static int ivs_attach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	struct ivs_qp *qp = container_of(ibqp, struct ivs_qp, ibqp);
	struct ivs_mc *mc = kmalloc(sizeof(*mc), GFP_KERNEL);

	if (!mc)
		return -ENOMEM;
	mc->gid = *gid;
	mc->mlid = lid;
	write_lock_irq(&ivs_lock);
	list_add_tail(&mc->node, &qp->mcs);
	write_unlock_irq(&ivs_lock);
	return 0;
}

static int ivs_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	struct ivs_qp *qp = container_of(ibqp, struct ivs_qp, ibqp);
	struct ivs_mc *mc, *found = NULL;

	write_lock_irq(&ivs_lock);
	list_for_each_entry(mc, &qp->mcs, node)
		if (!memcmp(&mc->gid, gid, sizeof(*gid))) {
			found = mc;
			list_del(&mc->node);
			break;
		}
	write_unlock_irq(&ivs_lock);
	kfree(found);
	return found ? 0 : -EINVAL;
}

static int ivs_post_recv(struct ib_qp *ibqp, const struct ib_recv_wr *wr,
			 const struct ib_recv_wr **bad)
{
	struct ivs_qp *qp = container_of(ibqp, struct ivs_qp, ibqp);
	unsigned long fl;
	int rc = 0;

	for (; wr; wr = wr->next) {
		struct ivs_rwqe *w;

		spin_lock_irqsave(&qp->rq_lock, fl);
		if (qp->rq_head - qp->rq_tail >= qp->rq_size)
			rc = -ENOMEM;
		else if (wr->num_sge > IVS_MAX_SGE)
			rc = -EINVAL;
		else {
			w = &qp->rq[qp->rq_head & (qp->rq_size - 1)];
			w->wr_id = wr->wr_id;
			w->num_sge = wr->num_sge;
			memcpy(w->sge, wr->sg_list, wr->num_sge * sizeof(*w->sge));
			qp->rq_head++;
		}
		spin_unlock_irqrestore(&qp->rq_lock, fl);
		if (rc) {
			if (bad)
				*bad = wr;
			return rc;
		}
	}
	if (READ_ONCE(qp->state) == IB_QPS_ERR)
		ivs_flush_rq(qp, true);
	return 0;
}

/* the payload of a work request in one piece, NULL when there is no memory */
static void *ivs_gather(const struct ib_send_wr *wr, u32 len)
{
	u8 *buf = kmalloc(len, GFP_ATOMIC | __GFP_NOWARN);
	int i;

	if (!buf)
		return NULL;
	/* virtual DMA: an SGE's address is a kernel virtual address */
	for (i = 0, len = 0; i < wr->num_sge; i++) {
		memcpy(buf + len, (void *)(uintptr_t)wr->sg_list[i].addr, wr->sg_list[i].length);
		len += wr->sg_list[i].length;
	}
	return buf;
}

static void ivs_address_datagram(struct ivs_pkt *p, const struct ivs_qp *qp,
				 const struct ib_ud_wr *ud)
{
	const struct rdma_ah_attr *ah = &container_of(ud->ah, struct ivs_ah, ibah)->attr;

	p->dlid = rdma_ah_get_dlid(ah);
	p->sl = rdma_ah_get_sl(ah);
	if (rdma_ah_get_ah_flags(ah) & IB_AH_GRH) {
		p->grh = true;
		p->dgid = rdma_ah_read_grh(ah)->dgid;
	}
	p->dst_qpn = ud->remote_qpn;
	p->qkey = (ud->remote_qkey & 0x80000000) ? qp->qkey : ud->remote_qkey;
}

static void ivs_address_connected(struct ivs_pkt *p, const struct ivs_qp *qp)
{
	p->connected = true;
	p->dlid = rdma_ah_get_dlid(&qp->ah_attr);
	p->sl = rdma_ah_get_sl(&qp->ah_attr);
	p->dst_qpn = qp->dest_qp;
}

static enum ib_wc_status ivs_send(struct ivs_qp *qp, const struct ib_send_wr *wr)
{
	bool connected = qp->type == IB_QPT_RC || qp->type == IB_QPT_UC;
	struct ivs_pkt p = { .from = qp };
	u16 pkey_index = qp->type == IB_QPT_GSI ? ud_wr(wr)->pkey_index : qp->pkey_index;
	bool delivered = false;
	void *buf;
	int i;

	if (wr->opcode != IB_WR_SEND)
		return IB_WC_LOC_QP_OP_ERR;
	for (i = 0; i < wr->num_sge; i++)
		p.len += wr->sg_list[i].length;
	if (p.len > (connected ? IVS_MAX_CONNECTED : IVS_MAX_MSG) || pkey_index >= ivs_npkeys)
		return IB_WC_LOC_LEN_ERR;
	buf = ivs_gather(wr, p.len);
	if (!buf)
		return IB_WC_SUCCESS;		/* lost on the way */
	p.data = buf;
	p.slid = qp->dev->lid;
	p.sgid = ivs_gid(qp->dev);
	p.pkey = ivs_pkeys[pkey_index];
	p.src_qpn = qp->ibqp.qp_num;
	if (connected)
		ivs_address_connected(&p, qp);
	else
		ivs_address_datagram(&p, qp, ud_wr(wr));

	if (ivs_port_state(qp->dev) == IB_PORT_ACTIVE) {
		if (!connected && p.dlid == IVS_SM_LID && p.dst_qpn == 1)
			ivs_sa_rx(&p);
		else
			delivered = ivs_deliver(&p);
	}
	kfree(buf);
	/* only RC has acknowledgements, and so notices that nobody is there */
	return qp->type == IB_QPT_RC && !delivered ? IB_WC_RETRY_EXC_ERR : IB_WC_SUCCESS;
}

static int ivs_post_send(struct ib_qp *ibqp, const struct ib_send_wr *wr,
			 const struct ib_send_wr **bad)
{
	struct ivs_qp *qp = container_of(ibqp, struct ivs_qp, ibqp);

	for (; wr; wr = wr->next) {
		struct ib_wc wc = { .wr_id = wr->wr_id, .opcode = IB_WC_SEND, .qp = ibqp };

		if (READ_ONCE(qp->state) == IB_QPS_ERR) {
			wc.status = IB_WC_WR_FLUSH_ERR;
		} else if (READ_ONCE(qp->state) != IB_QPS_RTS) {
			*bad = wr;
			return -EINVAL;
		} else {
			wc.status = ivs_send(qp, wr);
		}
		if (wc.status || qp->sig_all || (wr->send_flags & IB_SEND_SIGNALED))
			ivs_cq_push(container_of(ibqp->send_cq, struct ivs_cq, ibcq), &wc);
	}
	return 0;
}

const struct ib_device_ops ivs_qp_ops = {
	.create_qp = ivs_create_qp,
	.modify_qp = ivs_modify_qp,
	.query_qp = ivs_query_qp,
	.destroy_qp = ivs_destroy_qp,
	.post_send = ivs_post_send,
	.post_recv = ivs_post_recv,
	.attach_mcast = ivs_attach_mcast,
	.detach_mcast = ivs_detach_mcast,

	INIT_RDMA_OBJ_SIZE(ib_qp, ivs_qp, ibqp),
};
