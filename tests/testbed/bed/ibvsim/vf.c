// SPDX-License-Identifier: GPL-2.0
/* What a PF with the InfiniBand link layer sets on its VFs: ip link set PF vf N ... */
#include "ibvsim.h"

static struct ivs_dev *ivs_pf(struct ib_device *ibdev, int vf)
{
	struct ivs_dev *d = to_ivs(ibdev);

	if (d->pf)
		return ERR_PTR(-EOPNOTSUPP);
	if (vf < 0 || vf >= pci_num_vf(d->pdev))
		return ERR_PTR(-EINVAL);
	return d;
}

static int ivs_set_vf_guid(struct ib_device *ibdev, int vf, u32 port, u64 guid, int type)
{
	struct ivs_dev *d = ivs_pf(ibdev, vf);

	if (IS_ERR(d))
		return PTR_ERR(d);
	mutex_lock(&d->vf_lock);
	if (type == IFLA_VF_IB_NODE_GUID)
		d->cfg[vf].node_guid = guid;
	else if (type == IFLA_VF_IB_PORT_GUID)
		d->cfg[vf].port_guid = guid;
	mutex_unlock(&d->vf_lock);
	return 0;
}

static int ivs_get_vf_guid(struct ib_device *ibdev, int vf, u32 port,
			   struct ifla_vf_guid *node, struct ifla_vf_guid *pguid)
{
	struct ivs_dev *d = ivs_pf(ibdev, vf);

	if (IS_ERR(d))
		return PTR_ERR(d);
	mutex_lock(&d->vf_lock);
	node->guid = d->cfg[vf].node_guid;
	pguid->guid = d->cfg[vf].port_guid;
	mutex_unlock(&d->vf_lock);
	return 0;
}

static int ivs_get_vf_config(struct ib_device *ibdev, int vf, u32 port,
			     struct ifla_vf_info *ivf)
{
	struct ivs_dev *d = ivs_pf(ibdev, vf);

	if (IS_ERR(d))
		return PTR_ERR(d);
	memset(ivf, 0, sizeof(*ivf));
	mutex_lock(&d->vf_lock);
	ivf->vf = vf;
	ivf->linkstate = d->cfg[vf].link_state;
	mutex_unlock(&d->vf_lock);
	return 0;
}

static int ivs_set_vf_link_state(struct ib_device *ibdev, int vf, u32 port, int state)
{
	struct ivs_dev *d = ivs_pf(ibdev, vf);

	if (IS_ERR(d))
		return PTR_ERR(d);
	if (state < IFLA_VF_LINK_STATE_AUTO || state > IFLA_VF_LINK_STATE_DISABLE)
		return -EINVAL;
	mutex_lock(&d->vf_lock);
	d->cfg[vf].link_state = state;
	if (d->vf_dev[vf])
		ivs_set_link(d->vf_dev[vf], state);
	mutex_unlock(&d->vf_lock);
	return 0;
}

static int ivs_get_vf_stats(struct ib_device *ibdev, int vf, u32 port, struct ifla_vf_stats *st)
{
	memset(st, 0, sizeof(*st));
	return 0;
}

const struct ib_device_ops ivs_vf_ops = {
	.set_vf_guid = ivs_set_vf_guid,
	.get_vf_guid = ivs_get_vf_guid,
	.get_vf_config = ivs_get_vf_config,
	.set_vf_link_state = ivs_set_vf_link_state,
	.get_vf_stats = ivs_get_vf_stats,
};
