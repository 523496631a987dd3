// SPDX-License-Identifier: GPL-2.0
/* The RDMA device of a function: its port, and objects without behaviour. */
#include "ibvsim.h"

union ib_gid ivs_gid(const struct ivs_dev *d)
{
	union ib_gid g;

	g.global.subnet_prefix = cpu_to_be64(0xfe80000000000000ULL);
	g.global.interface_id = cpu_to_be64(d->port_guid);
	return g;
}

enum ib_port_state ivs_port_state(const struct ivs_dev *d)
{
	if (READ_ONCE(d->link_state) == IFLA_VF_LINK_STATE_DISABLE)
		return IB_PORT_DOWN;
	if (d->roce && d->netdev && !(netif_running(d->netdev) && netif_carrier_ok(d->netdev)))
		return IB_PORT_DOWN;
	return IB_PORT_ACTIVE;
}

/* ---- device and port ---- */

static int ivs_query_device(struct ib_device *ibdev, struct ib_device_attr *a,
			    struct ib_udata *udata)
{
	struct ivs_dev *d = to_ivs(ibdev);

	memset(a, 0, sizeof(*a));
	a->fw_ver = 0x0001000000000000ULL;
	a->sys_image_guid = cpu_to_be64(d->pf ? d->pf->node_guid : d->node_guid);
	a->vendor_id = d->pdev->vendor;
	a->vendor_part_id = d->pdev->device;
	a->max_mr_size = ~0ULL;
	a->page_size_cap = 0xfffff000;
	a->max_qp = 1 << 16;
	a->max_qp_wr = 1 << 14;
	a->max_send_sge = 32;
	a->max_recv_sge = IVS_MAX_SGE;
	a->max_cq = 1 << 16;
	a->max_cqe = 1 << 16;
	a->max_mr = 1 << 16;
	a->max_pd = 1 << 16;
	a->max_ah = 1 << 16;
	a->max_pkeys = ivs_npkeys;
	a->max_mcast_grp = 1 << 12;
	a->max_mcast_qp_attach = 1 << 12;
	a->max_total_mcast_qp_attach = 1 << 12;
	a->kernel_cap_flags = IBK_LOCAL_DMA_LKEY | IBK_BLOCK_MULTICAST_LOOPBACK;
	if (d->pf)
		a->kernel_cap_flags |= IBK_VIRTUAL_FUNCTION;
	return 0;
}

static int ivs_query_port(struct ib_device *ibdev, u32 port, struct ib_port_attr *a)
{
	struct ivs_dev *d = to_ivs(ibdev);

	a->state = ivs_port_state(d);
	a->phys_state = a->state == IB_PORT_ACTIVE ? IB_PORT_PHYS_STATE_LINK_UP :
						     IB_PORT_PHYS_STATE_DISABLED;
	a->max_mtu = IB_MTU_4096;
	a->active_mtu = d->roce ? IB_MTU_1024 : IB_MTU_4096;
	a->gid_tbl_len = d->roce ? 64 : 1;
	a->ip_gids = d->roce;
	a->port_cap_flags = IB_PORT_CM_SUP;
	a->max_msg_sz = 1 << 30;
	a->pkey_tbl_len = d->roce ? 1 : ivs_npkeys;
	a->sm_lid = d->roce ? 0 : IVS_SM_LID;
	a->lid = d->roce ? 0 : d->lid;
	a->max_vl_num = 1;
	a->active_width = IB_WIDTH_4X;
	a->active_speed = IB_SPEED_EDR;
	return 0;
}

static int ivs_immutable(struct ib_device *ibdev, u32 port, struct ib_port_immutable *im)
{
	struct ivs_dev *d = to_ivs(ibdev);

	im->gid_tbl_len = d->roce ? 64 : 1;
	im->pkey_tbl_len = d->roce ? 1 : ivs_npkeys;
	if (d->roce) {
		im->core_cap_flags = RDMA_CORE_PORT_IBA_ROCE | RDMA_CORE_PORT_IBA_ROCE_UDP_ENCAP;
	} else {
		/* all of RDMA_CORE_PORT_IBA_IB but SMI: no QP0 here */
		im->core_cap_flags = RDMA_CORE_PORT_IBA_IB & ~RDMA_CORE_CAP_IB_SMI;
	}
	im->max_mad_size = IB_MGMT_MAD_SIZE;
	return 0;
}

static enum rdma_link_layer ivs_link_layer(struct ib_device *ibdev, u32 port)
{
	return to_ivs(ibdev)->roce ? IB_LINK_LAYER_ETHERNET : IB_LINK_LAYER_INFINIBAND;
}

static int ivs_query_gid(struct ib_device *ibdev, u32 port, int index, union ib_gid *gid)
{
	*gid = ivs_gid(to_ivs(ibdev));
	return 0;
}

static int ivs_add_gid(const struct ib_gid_attr *attr, void **ctx) { return 0; }
static int ivs_del_gid(const struct ib_gid_attr *attr, void **ctx) { return 0; }

static int ivs_query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey)
{
	if (index >= ivs_npkeys)
		return -EINVAL;
	*pkey = ivs_pkeys[index];
	return 0;
}

static int ivs_modify_port(struct ib_device *ibdev, u32 port, int mask,
			   struct ib_port_modify *props) { return 0; }

static int ivs_modify_device(struct ib_device *ibdev, int mask, struct ib_device_modify *m)
{
	if (mask & IB_DEVICE_MODIFY_NODE_DESC)
		memcpy(ibdev->node_desc, m->node_desc, IB_DEVICE_NODE_DESC_MAX);
	return 0;
}

static void ivs_fw_str(struct ib_device *ibdev, char *str)
{
	snprintf(str, IB_FW_VERSION_NAME_MAX, "ibvsim 1.0");
}

/* ---- objects without behaviour ---- */

static int ivs_alloc_ucontext(struct ib_ucontext *uc, struct ib_udata *udata) { return 0; }
static void ivs_dealloc_ucontext(struct ib_ucontext *uc) { }
static void ivs_disassociate_ucontext(struct ib_ucontext *uc) { }
static int ivs_alloc_pd(struct ib_pd *pd, struct ib_udata *udata) { return 0; }
static int ivs_dealloc_pd(struct ib_pd *pd, struct ib_udata *udata) { return 0; }

static struct ib_mr *ivs_get_dma_mr(struct ib_pd *pd, int acc)
{
	struct ib_mr *mr = kzalloc(sizeof(*mr), GFP_KERNEL);

	return mr ? mr : ERR_PTR(-ENOMEM);
}

static struct ib_mr *ivs_reg_user_mr(struct ib_pd *pd, u64 start, u64 len, u64 virt,
				     int acc, struct ib_udata *udata)
{
	return ivs_get_dma_mr(pd, acc);
}

static int ivs_dereg_mr(struct ib_mr *mr, struct ib_udata *udata)
{
	kfree(mr);
	return 0;
}

static int ivs_create_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *init,
			 struct ib_udata *udata)
{
	struct ivs_ah *ah = container_of(ibah, struct ivs_ah, ibah);

	ah->attr = *init->ah_attr;
	return 0;
}

static int ivs_query_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr)
{
	*attr = container_of(ibah, struct ivs_ah, ibah)->attr;
	return 0;
}

static int ivs_destroy_ah(struct ib_ah *ah, u32 flags) { return 0; }

/* ---- the device as a whole ---- */

static const struct ib_device_ops ivs_ops = {
	.owner = THIS_MODULE,
	.driver_id = RDMA_DRIVER_UNKNOWN,
	.uverbs_abi_ver = 1,

	.query_device = ivs_query_device,
	.modify_device = ivs_modify_device,
	.query_port = ivs_query_port,
	.modify_port = ivs_modify_port,
	.get_port_immutable = ivs_immutable,
	.get_link_layer = ivs_link_layer,
	.query_pkey = ivs_query_pkey,
	.get_dev_fw_str = ivs_fw_str,
	.alloc_ucontext = ivs_alloc_ucontext,
	.dealloc_ucontext = ivs_dealloc_ucontext,
	.disassociate_ucontext = ivs_disassociate_ucontext,
	.alloc_pd = ivs_alloc_pd,
	.dealloc_pd = ivs_dealloc_pd,
	.get_dma_mr = ivs_get_dma_mr,
	.reg_user_mr = ivs_reg_user_mr,
	.dereg_mr = ivs_dereg_mr,
	.create_ah = ivs_create_ah,
	.create_user_ah = ivs_create_ah,
	.query_ah = ivs_query_ah,
	.destroy_ah = ivs_destroy_ah,

	INIT_RDMA_OBJ_SIZE(ib_ah, ivs_ah, ibah),
	INIT_RDMA_OBJ_SIZE(ib_pd, ivs_pd, ibpd),
	INIT_RDMA_OBJ_SIZE(ib_ucontext, ivs_ucontext, ibuc),
};

static const struct ib_device_ops ivs_ib_ops = {
	.query_gid = ivs_query_gid,
};

static const struct ib_device_ops ivs_roce_ops = {
	.add_gid = ivs_add_gid,
	.del_gid = ivs_del_gid,
};

int ivs_ib_register(struct ivs_dev *d, const char *fmt)
{
	struct ib_device *ibdev = &d->ibdev;
	int rc;

	ibdev->node_type = RDMA_NODE_IB_CA;
	ibdev->phys_port_cnt = 1;
	ibdev->num_comp_vectors = 1;
	ibdev->node_guid = cpu_to_be64(d->node_guid);
	ibdev->local_dma_lkey = 1;
	ibdev->dev.parent = d->dev;
	strscpy(ibdev->node_desc, "ibvsim", sizeof(ibdev->node_desc));
	ib_set_device_ops(ibdev, &ivs_ops);
	ib_set_device_ops(ibdev, &ivs_cq_ops);
	ib_set_device_ops(ibdev, &ivs_qp_ops);
	ib_set_device_ops(ibdev, d->roce ? &ivs_roce_ops : &ivs_ib_ops);
	if (!d->pf && !d->sf)
		ib_set_device_ops(ibdev, &ivs_vf_ops);
	if (d->netdev) {
		rc = ib_device_set_netdev(ibdev, d->netdev, 1);
		if (rc)
			return rc;
	}
	/* no DMA device: the core hands out kernel virtual addresses */
	return ib_register_device(ibdev, fmt, NULL);
}
