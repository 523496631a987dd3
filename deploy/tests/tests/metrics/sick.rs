//! What an agent and a controller say of a cluster on which everything is wrong.
//!
//! Names and labels are those of `metrics`, `call_metrics` and `gathered` of the agent, and of `metrics` of the controller.

/// The agent's page at its scrape of this number: what is counted grows.
pub fn agent(scrape: u64) -> String {
    let n = scrape * 10;
    format!(
        r#"# What is counted.
plumb_agent_questions_total{{question="take",outcome="ok"}} {n}
plumb_agent_questions_total{{question="take",outcome="101"}} {n}
plumb_agent_question_duration_seconds_bucket{{question="take",le="2.5"}} 0
plumb_agent_question_duration_seconds_bucket{{question="take",le="10.0"}} {n}
plumb_agent_question_duration_seconds_bucket{{question="take",le="+Inf"}} {n}
plumb_agent_api_calls_total{{verb="create",resource="ipblocks",outcome="unavailable"}} {n}
plumb_agent_api_calls_total{{verb="create",resource="ipblocks",outcome="ok"}} {n}
plumb_agent_api_call_duration_seconds_bucket{{verb="create",resource="ipblocks",le="0.5"}} {n}
plumb_agent_api_call_duration_seconds_bucket{{verb="create",resource="ipblocks",le="+Inf"}} {n}
plumb_agent_reconciliations_total{{outcome="failed"}} {n}
plumb_agent_conflicts 2
plumb_cni_calls_total{{verb="ADD",network="rail1",code="0"}} {n}
plumb_cni_calls_total{{verb="ADD",network="rail1",code="100"}} {n}
plumb_cni_call_duration_seconds_bucket{{verb="ADD",le="5.0"}} 0
plumb_cni_call_duration_seconds_bucket{{verb="ADD",le="10.0"}} {n}
plumb_cni_call_duration_seconds_bucket{{verb="ADD",le="+Inf"}} {n}
# What is looked up.
plumb_pool_addresses{{pool="v4-91"}} 21
plumb_pools_wrong 1
plumb_leases{{pool="v4-91"}} 20
plumb_leases_set_aside{{pool="v4-91"}} 1
plumb_held_addresses{{pool="v4-91"}} 21
plumb_leases_without_pod 21
plumb_attachments{{network="ib-sriov"}} 20
plumb_rdma_port_counter_total{{device="mlx5_0",port="1",counter="port_rcv_data",namespace="a",pod="b"}} {n}
plumb_rdma_port_counter_total{{device="mlx5_0",port="1",counter="port_xmit_data",namespace="a",pod="b"}} {n}
plumb_rdma_port_counter_total{{device="mlx5_0",port="1",counter="link_downed",namespace="",pod=""}} {n}
"#
    )
}

/// The controller's page.
pub fn controller(scrape: u64) -> String {
    format!(
        r#"plumb_controller_leads 0
plumb_controller_looks_total{{outcome="failed"}} {scrape}
plumb_controller_writes_total{{resource="spiderippools",outcome="403"}} {scrape}
plumb_controller_freed_blocks_total {scrape}
plumb_controller_networks{{ready="false"}} 1
plumb_controller_malformed_blocks 1
plumb_controller_last_look_timestamp_seconds 1
"#
    )
}

/// The same page with all of it well: what should be nothing is, and what is counted are good things.
pub fn cured(page: &str) -> String {
    let mut text = String::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        let bad = [
            "\"100\"",
            "\"101\"",
            "unavailable",
            "failed",
            "403",
            "link_downed",
            "last_look",
        ];
        let none = [
            "conflicts",
            "wrong",
            "set_aside",
            "without_pod",
            "ready=\"false\"",
            "malformed",
        ];
        let is = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let value = match name {
            _ if is(&bad) => continue,
            _ if is(&none) => "0",
            _ if name.ends_with("leads") => "1",
            _ if name.starts_with("plumb_leases") => "3",
            // Answered at once, all of them.
            _ if name.contains("duration") => "1000",
            _ => value,
        };
        text.push_str(&format!("{name} {value}\n"));
    }
    text.push_str("plumb_agent_reconciliations_total{outcome=\"ok\"} 1\n");
    text
}
