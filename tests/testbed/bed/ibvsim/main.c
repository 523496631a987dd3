// SPDX-License-Identifier: GPL-2.0
/*
 * ibvsim - a simulated SR-IOV RDMA adapter.
 *
 * Binds to QEMU's emulated "igb" network controller (8086:10c9, and its
 * virtual functions 8086:10ca), and by new_id to any other function, such as
 * QEMU's NVMe controller (1b36:0010).  It never touches their registers: it
 * only wants real PCI functions with a real SR-IOV capability, so that
 * sriov_numvfs, physfn and virtfn<N> are the PCI core's own.  For every
 * function it registers an RDMA device on the InfiniBand link layer (the
 * kernel's ib_ipoib then makes the ib<N> netdev), or, for the functions of a
 * PF named in roce=, an Ethernet netdev and a RoCE device on it.
 *
 * This file is the PCI driver.  verbs.c has the RDMA device, qp.c its queues,
 * vf.c what a PF sets on its VFs, sf.c the scalable functions of a PF, fabric.c the wire between the ports, sa.c
 * the subnet administrator, eth.c the Ethernet netdevs.
 */
#include "ibvsim.h"

static char *name_fmt = "ibvsim_%d";
module_param(name_fmt, charp, 0444);
MODULE_PARM_DESC(name_fmt, "name of RDMA devices");
static char *roce = "";
module_param(roce, charp, 0444);
MODULE_PARM_DESC(roce, "PFs (PCI addresses, comma separated, or 'all') with Ethernet link layer");
static char *pfs = "all";
module_param(pfs, charp, 0444);
MODULE_PARM_DESC(pfs, "PFs to claim (PCI addresses, comma separated, or 'all')");
static char *drv_name = KBUILD_MODNAME;
module_param(drv_name, charp, 0444);
MODULE_PARM_DESC(drv_name, "name of the PCI driver, as /sys/bus/pci/drivers shows it");
static bool fake_ids;
module_param(fake_ids, bool, 0444);
MODULE_PARM_DESC(fake_ids, "let sysfs show the vendor, device and class of a ConnectX-6");
static bool vf_guid_zero;
module_param(vf_guid_zero, bool, 0444);
MODULE_PARM_DESC(vf_guid_zero, "a VF without a GUID from its PF has GUID 0 (else a made-up one)");
static uint sfs;
module_param(sfs, uint, 0444);
MODULE_PARM_DESC(sfs, "scalable functions of each PF with Ethernet link layer");
ushort ivs_pkeys[IVS_MAX_PKEYS] = { 0xffff, 0x8001, 0x8002, 0x8003 };
unsigned int ivs_npkeys = 4;
module_param_array_named(pkeys, ivs_pkeys, ushort, &ivs_npkeys, 0444);
MODULE_PARM_DESC(pkeys, "P_Key table of every port");

DEFINE_RWLOCK(ivs_lock);
LIST_HEAD(ivs_devs);
static u16 next_lid = IVS_FIRST_LID;

static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *p;

	if (!strcmp(list, "all"))
		return true;
	for (p = list; (p = strstr(p, name)); p += n)
		if ((p == list || p[-1] == ',') && (!p[n] || p[n] == ','))
			return true;
	return false;
}

void ivs_set_link(struct ivs_dev *d, int state)
{
	enum ib_port_state old = ivs_port_state(d);
	struct ib_event ev = { .device = &d->ibdev, .element.port_num = 1 };

	WRITE_ONCE(d->link_state, state);
	if (d->netdev)
		ivs_eth_link(d);
	if (d->ib_registered && old != ivs_port_state(d)) {
		ev.event = ivs_port_state(d) == IB_PORT_ACTIVE ?
			IB_EVENT_PORT_ACTIVE : IB_EVENT_PORT_ERR;
		ib_dispatch_event(&ev);
	}
}

void ivs_init_dev(struct ivs_dev *d)
{
	d->vf_id = -1;
	d->link_state = IFLA_VF_LINK_STATE_AUTO;
	INIT_LIST_HEAD(&d->qps);
	INIT_LIST_HEAD(&d->node);
	mutex_init(&d->vf_lock);
}

/* puts it on the wire, with its devices */
int ivs_up(struct ivs_dev *d)
{
	int rc;

	write_lock_irq(&ivs_lock);
	d->lid = next_lid++;
	list_add_tail(&d->node, &ivs_devs);
	write_unlock_irq(&ivs_lock);
	if (d->roce) {
		rc = ivs_eth_create(d);
		if (rc)
			goto unlist;
	}
	rc = ivs_ib_register(d, name_fmt);
	if (rc)
		goto eth;
	d->ib_registered = true;
	return 0;
eth:
	if (d->roce)
		ivs_eth_destroy(d);
unlist:
	write_lock_irq(&ivs_lock);
	list_del(&d->node);
	write_unlock_irq(&ivs_lock);
	return rc;
}

void ivs_down(struct ivs_dev *d)
{
	ib_unregister_device(&d->ibdev);
	if (d->roce)
		ivs_eth_destroy(d);
	write_lock_irq(&ivs_lock);
	list_del(&d->node);
	write_unlock_irq(&ivs_lock);
}

static u64 made_up_guid(struct pci_dev *pdev)
{
	return 0x0002c90300000000ULL | (u64)pdev->bus->number << 16 |
		(u64)pdev->devfn << 4;
}

static struct pci_driver ivs_driver;

/* only what struct pci_dev says; configuration space stays as it is */
static void ivs_fake_ids(struct pci_dev *pdev, struct ivs_dev *d, bool on)
{
	if (!fake_ids)
		return;
	if (on) {
		d->real_vendor = pdev->vendor;
		d->real_device = pdev->device;
		d->real_class = pdev->class;
		pdev->vendor = 0x15b3;
		pdev->device = d->pf ? 0x101c : 0x101b;
		pdev->class = (d->roce ? 0x0200 : 0x0207) << 8;
	} else {
		pdev->vendor = d->real_vendor;
		pdev->device = d->real_device;
		pdev->class = d->real_class;
	}
}

/* the PF no longer reaches for this VF */
static void ivs_forget(struct ivs_dev *d)
{
	if (!d->pf)
		return;
	mutex_lock(&d->pf->vf_lock);
	d->pf->vf_dev[d->vf_id] = NULL;
	mutex_unlock(&d->pf->vf_lock);
}

static int ivs_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ivs_dev *d, *pf = NULL;
	int rc, vf = -1;

	if (pdev->is_virtfn) {
		struct pci_dev *pp = pci_physfn(pdev);

		/* its driver data is ours only if it is bound to us */
		if (pp->driver != &ivs_driver)
			return -ENODEV;
		pf = pci_get_drvdata(pp);
		vf = pci_iov_vf_id(pdev);
		if (!pf || vf < 0 || vf >= IVS_MAX_VFS)
			return -ENODEV;
	} else {
		u16 vendor;

		/* never a real adapter, whatever struct pci_dev says */
		pci_read_config_word(pdev, PCI_VENDOR_ID, &vendor);
		if (vendor == 0x15b3 || !listed(pfs, pci_name(pdev)))
			return -ENODEV;
	}

	rc = pci_enable_device(pdev);
	if (rc)
		return rc;
	d = ib_alloc_device(ivs_dev, ibdev);
	if (!d) {
		rc = -ENOMEM;
		goto disable;
	}
	ivs_init_dev(d);
	d->pdev = pdev;
	d->dev = &pdev->dev;
	d->pf = pf;
	d->vf_id = vf;
	d->roce = pf ? pf->roce : listed(roce, pci_name(pdev));
	if (pf) {
		mutex_lock(&pf->vf_lock);
		d->node_guid = pf->cfg[vf].node_guid;
		d->port_guid = pf->cfg[vf].port_guid;
		d->link_state = pf->cfg[vf].link_state;
		/* from here on the PF changes our link state itself */
		pf->vf_dev[vf] = d;
		mutex_unlock(&pf->vf_lock);
	}
	if (!(pf && vf_guid_zero)) {
		if (!d->node_guid)
			d->node_guid = made_up_guid(pdev);
		if (!d->port_guid)
			d->port_guid = made_up_guid(pdev) + 1;
	}
	pci_set_drvdata(pdev, d);
	ivs_fake_ids(pdev, d, true);

	rc = ivs_up(d);
	if (rc)
		goto forget;
	if (!pf && d->roce) {
		rc = ivs_sf_create(d, sfs);
		if (rc)
			goto down;
	}
	pci_info(pdev, "%s: %s, %s, node GUID %016llx, port GUID %016llx, LID %u\n",
		 dev_name(&d->ibdev.dev), pf ? "VF" : "PF",
		 d->roce ? "Ethernet" : "InfiniBand", d->node_guid, d->port_guid, d->lid);
	return 0;
down:
	ivs_down(d);
forget:
	pci_set_drvdata(pdev, NULL);
	ivs_fake_ids(pdev, d, false);
	ivs_forget(d);
	ib_dealloc_device(&d->ibdev);
disable:
	pci_disable_device(pdev);
	return rc;
}

static void ivs_remove(struct pci_dev *pdev)
{
	struct ivs_dev *d = pci_get_drvdata(pdev);

	/* VFs first: they point to us, and ask us for their configuration */
	if (!d->pf)
		pci_disable_sriov(pdev);
	ivs_sf_destroy(d);
	ivs_forget(d);
	ivs_down(d);
	pci_set_drvdata(pdev, NULL);
	ivs_fake_ids(pdev, d, false);
	ib_dealloc_device(&d->ibdev);
	pci_disable_device(pdev);
}

static int ivs_sriov_configure(struct pci_dev *pdev, int n)
{
	struct ivs_dev *d = pci_get_drvdata(pdev);
	int i, rc;

	if (!n) {
		if (pci_vfs_assigned(pdev))
			return -EBUSY;
		pci_disable_sriov(pdev);
		return 0;
	}
	if (n > IVS_MAX_VFS)
		return -ERANGE;
	mutex_lock(&d->vf_lock);
	memset(d->cfg, 0, sizeof(d->cfg));
	for (i = 0; i < IVS_MAX_VFS; i++) {
		d->cfg[i].link_state = IFLA_VF_LINK_STATE_AUTO;
		d->cfg[i].spoofchk = true;
		d->cfg[i].vlan_proto = htons(ETH_P_8021Q);
	}
	mutex_unlock(&d->vf_lock);
	rc = pci_enable_sriov(pdev, n);
	return rc ? rc : n;
}

static const struct pci_device_id ivs_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x10c9) },
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x10ca) },
	{ PCI_DEVICE(0x15b3, PCI_ANY_ID) },	/* VFs of a PF with fake_ids */
	{ }
};
/* deliberately no MODULE_DEVICE_TABLE: loaded by name only */

static struct pci_driver ivs_driver = {
	.id_table = ivs_ids,
	.probe = ivs_probe,
	.remove = ivs_remove,
	.sriov_configure = ivs_sriov_configure,
};

static int __init ivs_init(void)
{
	int rc = ivs_sa_init();

	if (rc)
		return rc;
	rc = ivs_sf_init();
	if (rc)
		goto sa;
	ivs_driver.name = drv_name;
	rc = pci_register_driver(&ivs_driver);
	if (!rc)
		return 0;
	ivs_sf_exit();
sa:
	ivs_sa_exit();
	return rc;
}

static void __exit ivs_exit(void)
{
	pci_unregister_driver(&ivs_driver);
	ivs_sf_exit();
	ivs_sa_exit();
}

module_init(ivs_init);
module_exit(ivs_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("simulated SR-IOV RDMA adapter (test use only)");
