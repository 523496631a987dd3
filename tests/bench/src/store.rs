//! The lease store by itself: what claims and releases cost when many addresses are taken, when many processes come
//! at once, and after processes were killed.
//!
//! Each call is a process of its own, as in reality: this program again, which says how long the store took from its
//! opening to its closing.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plumb::leases::{Candidate, Leases, Owner, Pod, Store};

use crate::error::Error;
use crate::leases::{SPACE, fill_plumb};
use crate::statistics::Spread;

/// Leases that are taken before it is measured.
const FILLED: [u32; 4] = [0, 500, 20_000, 100_000];
/// Processes at once, and how often.
const AT_ONCE: (usize, usize) = (50, 5);
/// How often three processes are killed.
const KILLS: u32 = 30;
const NETWORK: &str = "bench";

/// Measures in a folder of `base` for each number of leases, and prints a table.
pub fn measure(base: &Path, runs: usize) -> Result<(), Error> {
    println!(
        "| leases taken | claim, µs | release, µs | 50 claims at once, ms | claim after 3 SIGKILLs, µs |"
    );
    println!("|--:|--:|--:|--:|--:|");
    for filled in FILLED {
        let folder = base.join(format!("{filled}-leases"));
        fill_plumb(&folder, NETWORK, filled)?;
        let (mut claims, mut releases) = (Vec::new(), Vec::new());
        for run in 0..runs {
            let who = format!("{run:064x}");
            claims.push(finish(start(&folder, "claim", &who)?)?.0);
            releases.push(finish(start(&folder, "release", &who)?)?.0);
        }
        let together = together(&folder)?;
        let killed = killed(&folder)?;
        let store = open(&folder)?;
        store.check().map_err(failed(&folder))?;
        let text = |values: Vec<f64>| {
            let spread = Spread::of(values);
            format!("{:.0} ({:.0})", spread.median, spread.p95)
        };
        println!(
            "| {filled} | {} | {} | {} | {} |",
            text(claims),
            text(releases),
            text(together),
            text(killed)
        );
    }
    println!("\nMedians, in parentheses 95 of 100.");
    Ok(())
}

/// What a measured process does: prints its microseconds and the address, or goes on until it is killed.
pub fn call(folder: &Path, what: &str, who: &str) -> Result<(), Error> {
    match what {
        "claim" => {
            let begin = Instant::now();
            let address = claim(folder, who)?;
            println!("{} {address}", begin.elapsed().as_micros());
        }
        "release" => {
            let begin = Instant::now();
            release(folder, who)?;
            println!("{} -", begin.elapsed().as_micros());
        }
        _ => {
            println!("begins");
            for round in 0.. {
                let who = format!("{who}-{round}");
                claim(folder, &who)?;
                if round % 3 != 0 {
                    release(folder, &who)?;
                }
            }
        }
    }
    Ok(())
}

fn together(folder: &Path) -> Result<Vec<f64>, Error> {
    let (processes, times) = AT_ONCE;
    let mut spent = Vec::new();
    for time in 0..times {
        let begin = Instant::now();
        let children = (0..processes)
            .map(|process| start(folder, "claim", &format!("together-{time}-{process}")))
            .collect::<Result<Vec<_>, _>>()?;
        let mut seen = BTreeSet::new();
        for child in children {
            let (_, address) = finish(child)?;
            if !seen.insert(address.clone()) {
                return Err(failed(folder)(format!("{address} was given twice")));
            }
        }
        spent.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(spent)
}

fn killed(folder: &Path) -> Result<Vec<f64>, Error> {
    let mut spent = Vec::new();
    for round in 0..KILLS {
        let mut children = (0..3)
            .map(|child| start(folder, "churn", &format!("churn-{round}-{child}")))
            .collect::<Result<Vec<_>, _>>()?;
        for child in &mut children {
            let mut line = String::new();
            let out = child.stdout.as_mut().expect("stdout is piped");
            BufReader::new(out)
                .read_line(&mut line)
                .map_err(Error::system("read what a process says"))?;
        }
        // When the blow falls is what this is about.
        std::thread::sleep(Duration::from_micros(u64::from(round) * 977 % 10_000));
        for child in &mut children {
            child.kill().map_err(Error::system("kill a process"))?;
        }
        for child in &mut children {
            child.wait().map_err(Error::system("wait for a process"))?;
        }
        spent.push(finish(start(folder, "claim", &format!("after-{round}"))?)?.0);
    }
    Ok(spent)
}

fn start(folder: &Path, what: &str, who: &str) -> Result<Child, Error> {
    let program = std::env::current_exe().map_err(Error::system("find this program"))?;
    Command::new(program)
        .arg("store-call")
        .arg(folder)
        .args([what, who])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(Error::system("start a process"))
}

/// Its microseconds and what else it said.
fn finish(child: Child) -> Result<(f64, String), Error> {
    let output = child
        .wait_with_output()
        .map_err(Error::system("wait for a process"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let parts = text.trim().split_once(' ');
    match parts.and_then(|(time, rest)| Some((time.parse().ok()?, rest.to_owned()))) {
        Some(answer) if output.status.success() => Ok(answer),
        _ => Err(Error::Form {
            what: "answer of a process that uses the store".into(),
            text,
        }),
    }
}

fn open(folder: &Path) -> Result<Store, Error> {
    let (store, _) = Store::open(folder, || Ok(Vec::new())).map_err(failed(folder))?;
    Ok(store)
}

fn claim(folder: &Path, who: &str) -> Result<IpAddr, Error> {
    let range = (
        Ipv4Addr::new(10, 64, 0, 2),
        Ipv4Addr::new(10, 127, 255, 254),
    );
    let claims = [vec![Candidate {
        pool: "p".to_owned(),
        ranges: vec![(range.0.into(), range.1.into())],
        shared: false,
    }]];
    let pod = Pod {
        namespace: "training".to_owned(),
        name: who.to_owned(),
    };
    let claimed = open(folder)?
        .claim(SPACE, &owner(who), Some(&pod), &claims, false)
        .map_err(failed(folder))?;
    Ok(claimed[0].address)
}

fn release(folder: &Path, who: &str) -> Result<(), Error> {
    open(folder)?.release(&owner(who)).map_err(failed(folder))?;
    Ok(())
}

fn owner(who: &str) -> Owner {
    Owner {
        network: NETWORK.to_owned(),
        container_id: who.to_owned(),
        interface_name: "net1".to_owned(),
    }
}

fn failed<E: ToString>(folder: &Path) -> impl FnOnce(E) -> Error {
    move |error| Error::Fill {
        folder: folder.to_owned(),
        reason: error.to_string(),
    }
}
