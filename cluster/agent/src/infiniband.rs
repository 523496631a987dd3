//! Counters of the RDMA devices that the host sees, and which devices pods have.
//!
//! Where RDMA devices are visible in one network namespace each (`rdma system set netns exclusive`), those that are in pods are
//! not among them: sysfs shows the devices of the namespace that it was mounted in, and RDMA netlink those of its socket's.
//! Both take `CAP_SYS_ADMIN` to enter the pod's, which the agent has not. Of these the records say which pod has which.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use prometheus_client::registry::Registry;
use serde_json::Value;

use crate::gathered::{Record, counters, entries, gauges, set};
use crate::metrics::Labels;

/// The folders of counters below that of a port.
const FOLDERS: [&str; 2] = ["counters", "hw_counters"];

/// Adds which devices were moved into pods, as far as records say so.
pub fn gather_moved(records: &[Record], registry: &mut Registry) {
    let in_pods = gauges(
        registry,
        "rdma_device_in_pod",
        "1 for each RDMA device that plumb has moved into a pod, by its name there and its PCI function: its counters are seen in the pod alone",
    );
    for record in records {
        let Some((pod, lines)) = lines(record) else {
            continue;
        };
        for moved in moved(&lines) {
            let function = moved["address"].as_str().unwrap_or_default();
            for device in moved["devices"].as_array().into_iter().flatten() {
                let labels = vec![
                    ("device", device.as_str().unwrap_or_default().to_owned()),
                    ("function", function.to_owned()),
                    ("namespace", pod.0.clone()),
                    ("pod", pod.1.clone()),
                ];
                set(&in_pods, labels, 1.0);
            }
        }
    }
}

/// The devices' moves that were done and not undone, as recorded.
fn moved(lines: &[Value]) -> Vec<&Value> {
    let undone = |step: &Value| lines.iter().any(|line| line["undone"] == *step);
    let done = lines.iter().filter_map(|line| line["done"].as_array());
    let moves = done.filter_map(|done| match done.as_slice() {
        [step, operation] if !undone(step) => operation.get("move-rdma-device"),
        _ => None,
    });
    moves.collect()
}

/// Adds the counters of all devices below `devices`, each with the pod that plumb gave it to.
pub fn gather(devices: &Path, records: &[Record], registry: &mut Registry) {
    let devices = entries(devices);
    if devices.is_empty() {
        return;
    }
    let names: Vec<String> = devices.iter().map(|device| name(device)).collect();
    let pods = pods(records, &names);
    let mut values: BTreeMap<Labels, u64> = BTreeMap::new();
    for device in &devices {
        let (namespace, pod) = pods.get(&name(device)).cloned().unwrap_or_default();
        for port in entries(&device.join("ports")) {
            for folder in FOLDERS {
                for counter in entries(&port.join(folder)) {
                    // `lifespan` and the like are settings, and some counters answer EINVAL.
                    let Some(value) = number(&counter) else {
                        continue;
                    };
                    let labels = vec![
                        ("device", name(device)),
                        ("port", name(&port)),
                        ("counter", name(&counter)),
                        ("namespace", namespace.clone()),
                        ("pod", pod.clone()),
                    ];
                    values.insert(labels, value);
                }
            }
        }
    }
    counters(
        registry,
        "rdma_port_counter",
        "Counters of RDMA ports as the kernel has them (port_rcv_data and port_xmit_data count words of 4 bytes), with the pod that plumb gave the device to",
        values,
    );
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn number(counter: &Path) -> Option<u64> {
    if counter.file_name()? == "lifespan" {
        return None;
    }
    fs::read_to_string(counter).ok()?.trim().parse().ok()
}

/// The pod of each device that a record names: namespace and name. A device that two pods share is nobody's.
fn pods(records: &[Record], devices: &[String]) -> BTreeMap<String, (String, String)> {
    let mut pods: BTreeMap<String, Option<(String, String)>> = BTreeMap::new();
    for record in records {
        let Some((pod, named)) = read(record, devices) else {
            continue;
        };
        for device in named {
            pods.entry(device)
                .and_modify(|other| {
                    if other.as_ref() != Some(&pod) {
                        *other = None;
                    }
                })
                .or_insert_with(|| Some(pod.clone()));
        }
    }
    let known = |(device, pod): (String, Option<_>)| Some((device, pod?));
    pods.into_iter().filter_map(known).collect()
}

/// A record's pod, namespace and name, and those of the devices that it names.
fn read(record: &Record, devices: &[String]) -> Option<((String, String), Vec<String>)> {
    let (pod, lines) = lines(record)?;
    let mut named = Vec::new();
    for line in &lines {
        find(line, devices, &mut named);
    }
    Some((pod, named))
}

/// A record's pod, namespace and name, and what was done: the first line says whose it is, each other one a step.
fn lines(record: &Record) -> Option<((String, String), Vec<Value>)> {
    let text = fs::read_to_string(&record.file).ok()?;
    let mut lines = text.lines();
    let header: Value = serde_json::from_str(lines.next()?).ok()?;
    let pod = &header["header"]["pod"];
    let text = |key: &str| pod[key].as_str().map(str::to_owned);
    let pod = (text("namespace")?, text("name")?);
    // A kill leaves a piece of a line.
    let lines = lines.filter_map(|line| serde_json::from_str(line).ok());
    Some((pod, lines.collect()))
}

fn find(value: &Value, devices: &[String], named: &mut Vec<String>) {
    match value {
        Value::String(text) if devices.contains(text) && !named.contains(text) => {
            named.push(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| find(value, devices, named)),
        Value::Object(members) => members
            .values()
            .for_each(|value| find(value, devices, named)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;

    #[test]
    fn counters_come_with_the_pod_of_the_device() {
        let folder = tempfile::tempdir().unwrap();
        let devices = folder.path().join("infiniband");
        for (file, value) in [
            ("mlx5_2/ports/1/counters/port_rcv_data", "4711\n"),
            ("mlx5_2/ports/1/hw_counters/out_of_sequence", "3\n"),
            ("mlx5_2/ports/1/hw_counters/lifespan", "12\n"),
            ("mlx5_2/ports/1/counters/broken", "N/A\n"),
            ("mlx5_3/ports/1/counters/port_rcv_data", "1\n"),
        ] {
            let file = devices.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, value).unwrap();
        }
        let file = folder.path().join("record");
        let record = [
            r#"{"header":{"pod":{"namespace":"team-a","name":"train-0","uid":"u"}}}"#,
            r#"{"intent":[0,{"move-rdma-device":{"devices":["mlx5_2"]}}]}"#,
            r#"{"done":[0,{"move-rd"#,
        ];
        fs::write(&file, record.join("\n")).unwrap();
        let records = [Record {
            network: "rail1".to_owned(),
            file,
        }];
        let mut registry = Registry::with_prefix("plumb");
        gather(&devices, &records, &mut registry);
        let text = Metrics::new().text(&[&registry]);
        for line in [
            r#"plumb_rdma_port_counter_total{device="mlx5_2",port="1",counter="port_rcv_data",namespace="team-a",pod="train-0"} 4711"#,
            r#"plumb_rdma_port_counter_total{device="mlx5_2",port="1",counter="out_of_sequence",namespace="team-a",pod="train-0"} 3"#,
            r#"plumb_rdma_port_counter_total{device="mlx5_3",port="1",counter="port_rcv_data",namespace="",pod=""} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert!(!text.contains("lifespan") && !text.contains("broken"));
    }

    #[test]
    fn a_device_is_a_pods_from_its_move_to_the_undoing_of_that() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("record");
        let header = r#"{"header":{"pod":{"namespace":"team-a","name":"train-0","uid":"u"}}}"#;
        let moved =
            r#"{"move-rdma-device":{"address":"0000:3b:00.2","name":"rdma0","devices":["rdma0"]}}"#;
        let seen = |lines: &[String]| {
            fs::write(&file, lines.join("\n")).unwrap();
            let records = [Record {
                network: "rail1".to_owned(),
                file: file.clone(),
            }];
            let mut registry = Registry::with_prefix("plumb");
            gather_moved(&records, &mut registry);
            let text = Metrics::new().text(&[&registry]);
            let line = r#"plumb_rdma_device_in_pod{device="rdma0",function="0000:3b:00.2",namespace="team-a",pod="train-0"} 1"#;
            text.lines()
                .any(|found| found.strip_suffix(".0").unwrap_or(found) == line)
        };
        let mut lines = vec![header.to_owned(), format!(r#"{{"intent":[0,{moved}]}}"#)];
        assert!(!seen(&lines), "it may not be there yet");
        lines.push(format!(r#"{{"done":[0,{moved}]}}"#));
        assert!(seen(&lines));
        lines.push(r#"{"undone":0}"#.to_owned());
        assert!(!seen(&lines));
    }
}
