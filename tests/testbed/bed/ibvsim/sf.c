// SPDX-License-Identifier: GPL-2.0
/*
 * Scalable functions: devices of the auxiliary bus below a PF, ibvsim.sf.<N>,
 * each with an Ethernet netdev and a RoCE device of its own, where mlx5 has
 * mlx5_core.sf.<N>.  There is no devlink port and no representor: they are
 * made with the PF and go with it.
 */
#include <linux/auxiliary_bus.h>
#include "ibvsim.h"

static unsigned int next_id;		/* adapters are probed one after the other */

static void ivs_sf_release(struct device *dev)
{
	kfree(to_auxiliary_dev(dev));
}

static int ivs_sf_add(struct ivs_dev *pf)
{
	struct auxiliary_device *a = kzalloc(sizeof(*a), GFP_KERNEL);
	int rc;

	if (!a)
		return -ENOMEM;
	a->name = "sf";
	a->id = next_id++;
	a->dev.parent = &pf->pdev->dev;
	a->dev.release = ivs_sf_release;
	rc = auxiliary_device_init(a);
	if (rc) {
		kfree(a);
		return rc;
	}
	rc = auxiliary_device_add(a);
	if (rc) {
		auxiliary_device_uninit(a);
		return rc;
	}
	pf->sf_dev[pf->nsf++] = a;
	return 0;
}

int ivs_sf_create(struct ivs_dev *pf, unsigned int n)
{
	int rc = 0;

	while (!rc && pf->nsf < min(n, (unsigned int)IVS_MAX_SFS))
		rc = ivs_sf_add(pf);
	if (rc)
		ivs_sf_destroy(pf);
	return rc;
}

void ivs_sf_destroy(struct ivs_dev *pf)
{
	while (pf->nsf) {
		struct auxiliary_device *a = pf->sf_dev[--pf->nsf];

		auxiliary_device_delete(a);
		auxiliary_device_uninit(a);
	}
}

static int ivs_sf_probe(struct auxiliary_device *a, const struct auxiliary_device_id *id)
{
	struct pci_dev *pdev = to_pci_dev(a->dev.parent);
	struct ivs_dev *d = ib_alloc_device(ivs_dev, ibdev);
	int rc;

	if (!d)
		return -ENOMEM;
	d->pdev = pdev;
	d->dev = &a->dev;
	d->sf = true;
	d->roce = true;
	ivs_init_dev(d);
	d->node_guid = 0x0002c90400000000ULL | a->id << 4;
	d->port_guid = d->node_guid + 1;
	rc = ivs_up(d);
	if (rc) {
		ib_dealloc_device(&d->ibdev);
		return rc;
	}
	auxiliary_set_drvdata(a, d);
	return 0;
}

static void ivs_sf_remove(struct auxiliary_device *a)
{
	struct ivs_dev *d = auxiliary_get_drvdata(a);

	ivs_down(d);
	ib_dealloc_device(&d->ibdev);
}

static const struct auxiliary_device_id ivs_sf_ids[] = {
	{ .name = KBUILD_MODNAME ".sf" },
	{ }
};

static struct auxiliary_driver ivs_sf_driver = {
	.name = "sf",
	.id_table = ivs_sf_ids,
	.probe = ivs_sf_probe,
	.remove = ivs_sf_remove,
};

int ivs_sf_init(void)
{
	return auxiliary_driver_register(&ivs_sf_driver);
}

void ivs_sf_exit(void)
{
	auxiliary_driver_unregister(&ivs_sf_driver);
}
