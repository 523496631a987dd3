// SPDX-License-Identifier: GPL-2.0
/* The "wire": messages between the queue pairs of all simulated ports. */
#include "ibvsim.h"

static bool pkey_match(u16 a, u16 b)
{
	return ((a ^ b) & 0x7fff) == 0 && ((a | b) & 0x8000);
}

static u32 scatter(struct ivs_rwqe *w, u32 off, const void *src, u32 len)
{
	u32 done = 0;
	int i;

	for (i = 0; i < w->num_sge && done < len; i++) {
		u32 n;

		if (off >= w->sge[i].length) {
			off -= w->sge[i].length;
			continue;
		}
		n = min(len - done, w->sge[i].length - off);
		memcpy((void *)(uintptr_t)w->sge[i].addr + off, src + done, n);
		done += n;
		off = 0;
	}
	return done;
}

static bool accepts(const struct ivs_qp *qp, const struct ivs_pkt *p)
{
	switch (qp->type) {
	case IB_QPT_GSI:
		return !p->connected;
	case IB_QPT_UD:
		return !p->connected && qp->qkey == p->qkey &&
			pkey_match(ivs_pkeys[qp->pkey_index], p->pkey);
	default:
		return p->connected && qp->dest_qp == p->src_qpn;
	}
}

static void to_qp(struct ivs_qp *qp, const struct ivs_pkt *p)
{
	struct ib_wc wc = { .opcode = IB_WC_RECV, .qp = &qp->ibqp };
	struct ib_grh grh = { };
	struct ivs_rwqe w;
	unsigned long fl;
	u32 offset = 0;
	u16 i;

	if (READ_ONCE(qp->state) != IB_QPS_RTR && READ_ONCE(qp->state) != IB_QPS_RTS)
		return;
	if (!accepts(qp, p))
		return;
	for (i = 0; i < ivs_npkeys; i++)
		if (pkey_match(ivs_pkeys[i], p->pkey)) {
			wc.pkey_index = i;
			break;
		}
	spin_lock_irqsave(&qp->rq_lock, fl);
	if (qp->rq_head == qp->rq_tail) {
		spin_unlock_irqrestore(&qp->rq_lock, fl);
		return;
	}
	w = qp->rq[qp->rq_tail++ & (qp->rq_size - 1)];
	spin_unlock_irqrestore(&qp->rq_lock, fl);

	wc.byte_len = p->len;
	if (!p->connected) {
		/* the first 40 bytes of a datagram's buffer are for the GRH, had or not */
		offset = IVS_GRH_LEN;
		wc.byte_len += offset;
	}
	if (p->grh) {
		grh.version_tclass_flow = cpu_to_be32(6 << 28);
		grh.paylen = cpu_to_be16(p->len);
		grh.next_hdr = 0x1b;
		grh.hop_limit = 64;
		grh.sgid = p->sgid;
		grh.dgid = p->dgid;
		wc.wc_flags = IB_WC_GRH;
	}
	if (offset)
		scatter(&w, 0, &grh, sizeof(grh));
	wc.wr_id = w.wr_id;
	if (scatter(&w, offset, p->data, p->len) < p->len)
		wc.status = IB_WC_LOC_LEN_ERR;
	wc.src_qp = p->src_qpn;
	wc.slid = p->slid;
	wc.sl = p->sl;
	wc.port_num = 1;
	ivs_cq_push(container_of(qp->ibqp.recv_cq, struct ivs_cq, ibcq), &wc);
}

/* true when there was a port and a queue pair to deliver to */
bool ivs_deliver(const struct ivs_pkt *p)
{
	bool mcast = p->dlid >= 0xc000, found = false;
	struct ivs_dev *d;
	struct ivs_qp *qp;
	struct ivs_mc *mc;
	unsigned long fl;

	read_lock_irqsave(&ivs_lock, fl);
	list_for_each_entry(d, &ivs_devs, node) {
		if (d->roce || ivs_port_state(d) != IB_PORT_ACTIVE)
			continue;
		if (!mcast && d->lid != p->dlid)
			continue;
		list_for_each_entry(qp, &d->qps, node) {
			if (!mcast) {
				if (qp->ibqp.qp_num == p->dst_qpn) {
					to_qp(qp, p);
					found = true;
				}
				continue;
			}
			if (qp == p->from)
				continue;
			list_for_each_entry(mc, &qp->mcs, node)
				if (!memcmp(&mc->gid, &p->dgid, sizeof(mc->gid))) {
					to_qp(qp, p);
					break;
				}
		}
	}
	read_unlock_irqrestore(&ivs_lock, fl);
	return found;
}
