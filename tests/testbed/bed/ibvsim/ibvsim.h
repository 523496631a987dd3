/* SPDX-License-Identifier: GPL-2.0 */
/* ibvsim: a simulated SR-IOV RDMA adapter for tests.  See main.c. */
#ifndef IBVSIM_H
#define IBVSIM_H

#include <linux/version.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/netdevice.h>
#include <linux/etherdevice.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <rdma/ib_verbs.h>
#include <rdma/ib_mad.h>
#include <rdma/ib_sa.h>
#include <rdma/ib_cache.h>
#include <rdma/ib_addr.h>

#define IVS_SM_LID		1
#define IVS_FIRST_LID		0x10
#define IVS_MAX_VFS		64
#define IVS_MAX_SFS		8
#define IVS_MAX_PKEYS		64
#define IVS_GRH_LEN		40
#define IVS_MAX_MSG		(4096 + IVS_GRH_LEN)
#define IVS_MAX_CONNECTED	65536	/* IPoIB, connected: 65520 and its header */
#define IVS_MAX_SGE		20	/* IPoIB, connected, receives into 16 pages */

struct ivs_vf_cfg {			/* what the PF keeps for a VF */
	u64 node_guid;			/* host order; 0 = unset */
	u64 port_guid;
	int link_state;			/* IFLA_VF_LINK_STATE_* */
	/* RoCE/Ethernet only */
	u8 mac[ETH_ALEN];
	u16 vlan;
	u8 qos;
	__be16 vlan_proto;
	int min_rate, max_rate;
	bool spoofchk, trusted, rss_query;
};

struct auxiliary_device;

struct ivs_dev {			/* one PCI function, or a part of one */
	struct ib_device ibdev;		/* first: ib_alloc_device() */
	struct list_head node;		/* on ivs_devs, under ivs_lock */
	struct pci_dev *pdev;		/* of a scalable function its PF */
	struct device *dev;		/* what netdev and RDMA device are below */
	struct ivs_dev *pf;		/* of a VF, else NULL */
	int vf_id;
	bool roce;
	bool sf;
	bool ib_registered;
	u64 node_guid, port_guid;
	u16 lid;
	int link_state;			/* administrative, set by the PF */
	struct list_head qps;		/* under ivs_lock */
	struct net_device *netdev;	/* RoCE only */
	u16 real_vendor, real_device;
	u32 real_class;

	struct mutex vf_lock;		/* PF only: cfg and vf_dev */
	struct ivs_vf_cfg cfg[IVS_MAX_VFS];
	struct ivs_dev *vf_dev[IVS_MAX_VFS];
	struct auxiliary_device *sf_dev[IVS_MAX_SFS];
	unsigned int nsf;
};

struct ivs_pd { struct ib_pd ibpd; };
struct ivs_ucontext { struct ib_ucontext ibuc; };
struct ivs_ah { struct ib_ah ibah; struct rdma_ah_attr attr; };

struct ivs_cq {
	struct ib_cq ibcq;
	spinlock_t lock;
	struct ib_wc *ring;
	u32 size, head, tail;
	bool armed;
};

struct ivs_rwqe {
	u64 wr_id;
	int num_sge;
	struct ib_sge sge[IVS_MAX_SGE];
};

struct ivs_mc { struct list_head node; union ib_gid gid; u16 mlid; };

struct ivs_qp {
	struct ib_qp ibqp;
	struct list_head node;
	struct ivs_dev *dev;
	enum ib_qp_type type;
	enum ib_qp_state state;
	u32 qkey;
	u16 pkey_index;
	u32 dest_qp;
	bool sig_all;
	struct ib_qp_cap cap;
	struct rdma_ah_attr ah_attr;
	spinlock_t rq_lock;
	struct ivs_rwqe *rq;
	u32 rq_size, rq_head, rq_tail;
	struct list_head mcs;		/* struct ivs_mc, under ivs_lock */
};

struct ivs_pkt {			/* a message on the fabric */
	u16 slid, dlid, pkey;
	u32 src_qpn, dst_qpn, qkey;
	u8 sl;
	bool connected;			/* to an RC or UC queue pair: no Q_Key, no GRH */
	bool grh;
	union ib_gid sgid, dgid;
	const struct ivs_qp *from;
	u32 len;
	const void *data;
};

extern rwlock_t ivs_lock;		/* ivs_devs and every list below it */
extern struct list_head ivs_devs;
extern unsigned int ivs_npkeys;
extern ushort ivs_pkeys[IVS_MAX_PKEYS];

static inline struct ivs_dev *to_ivs(struct ib_device *d)
{ return container_of(d, struct ivs_dev, ibdev); }

/* verbs.c */
int ivs_ib_register(struct ivs_dev *d, const char *fmt);
union ib_gid ivs_gid(const struct ivs_dev *d);
enum ib_port_state ivs_port_state(const struct ivs_dev *d);
/* cq.c */
extern const struct ib_device_ops ivs_cq_ops;
void ivs_cq_push(struct ivs_cq *cq, const struct ib_wc *wc);
/* qp.c */
extern const struct ib_device_ops ivs_qp_ops;
/* vf.c */
extern const struct ib_device_ops ivs_vf_ops;
/* fabric.c */
bool ivs_deliver(const struct ivs_pkt *p);
/* sa.c */
int ivs_sa_init(void);
void ivs_sa_exit(void);
void ivs_sa_rx(const struct ivs_pkt *p);
/* eth.c */
int ivs_eth_create(struct ivs_dev *d);
void ivs_eth_destroy(struct ivs_dev *d);
void ivs_eth_link(struct ivs_dev *d);
/* sf.c */
int ivs_sf_init(void);
void ivs_sf_exit(void);
int ivs_sf_create(struct ivs_dev *pf, unsigned int n);
void ivs_sf_destroy(struct ivs_dev *pf);
/* main.c */
void ivs_init_dev(struct ivs_dev *d);
int ivs_up(struct ivs_dev *d);
void ivs_down(struct ivs_dev *d);
void ivs_set_link(struct ivs_dev *d, int state);

#endif
