//! A pod as a picture: its interfaces in one box, a line from each to its adapter, and one to its leaf, the gateway.
//!
//! Written by hand, without references to anything outside. All text goes through [`Picture::text`], which escapes it:
//! tenants and root in the pod choose names.

use plumb_values::text::printable;

use super::model::{Interface, Shown};
use super::text;

const POD: Column = Column {
    left: 20,
    width: 400,
};
const ADAPTER: Column = Column {
    left: 500,
    width: 330,
};
const LEAF: Column = Column {
    left: 910,
    width: 340,
};
/// The height of one line of text, and what a box has above its first one.
const LINE: usize = 16;
const MARGIN: usize = 10;
/// Between two interfaces.
const GAP: usize = 14;
/// Where the first interface begins, below the pod's name.
const TOP: usize = 66;
/// The width of one letter of twelve points in a font whose letters all have the same.
const LETTER: usize = 8;

const GOOD: &str = "#2a6f4e";
const BAD: &str = "#b3261e";

struct Column {
    left: usize,
    width: usize,
}

impl Column {
    fn right(&self) -> usize {
        self.left + self.width
    }
}

/// The picture, an SVG document.
pub fn picture(shown: &Shown) -> String {
    let mut picture = Picture::default();
    let mut top = TOP;
    for interface in &shown.interfaces {
        top += picture.row(interface, top) + GAP;
    }
    let bottom = top;
    top += LINE + MARGIN;
    for note in notes(shown) {
        picture.text(
            POD.left,
            top,
            &note,
            (LEAF.right() - POD.left) / LETTER,
            BAD,
        );
        top += LINE;
    }
    let (width, height) = (LEAF.right() + 20, top + MARGIN);
    let mut frame = Picture::default();
    frame.body += &format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"12\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        escaped(&shown.title())
    );
    frame.rectangle(
        POD.left - 10,
        10,
        POD.width + 20,
        bottom - 10,
        "#f4f6f8",
        "#5f6b76",
    );
    frame.text(POD.left, 30, &shown.title(), POD.width / LETTER, "#000000");
    let container = format!("container {}", shown.container_id);
    frame.text(
        POD.left,
        30 + LINE,
        &container,
        POD.width / LETTER,
        "#5f6b76",
    );
    frame.text(
        ADAPTER.left,
        30,
        "adapter",
        ADAPTER.width / LETTER,
        "#5f6b76",
    );
    frame.text(LEAF.left, 30, "leaf", LEAF.width / LETTER, "#5f6b76");
    format!("{}{}</svg>\n", frame.body, picture.body)
}

/// What is to be read below the picture.
fn notes(shown: &Shown) -> Vec<String> {
    let state = text::state(shown.netns_state).map(str::to_owned);
    let differences = shown.interfaces.iter().flat_map(|interface| {
        let of = move |one| format!("{}: {one}", interface.name);
        interface.differences.iter().map(of)
    });
    state
        .into_iter()
        .chain(differences)
        .chain(shown.problems.clone())
        .collect()
}

#[derive(Default)]
struct Picture {
    body: String,
}

impl Picture {
    /// One interface with its adapter and leaf; how high it is.
    fn row(&mut self, interface: &Interface, top: usize) -> usize {
        let (own, adapter, leaf) = (own(interface), adapter(interface), leaf(interface));
        let most = own.len().max(adapter.len()).max(leaf.len());
        let height = most * LINE + MARGIN;
        let has_carrier = |link: &Option<super::model::Link>| {
            link.as_ref().is_some_and(|link| link.up && link.carrier)
        };
        let is_good = has_carrier(&interface.link) && interface.differences.is_empty();
        let colour = if is_good { GOOD } else { BAD };
        let middle = top + height / 2;
        if !adapter.is_empty() {
            self.line(POD.right(), ADAPTER.left, middle, colour);
            self.boxed(&ADAPTER, top, height, &adapter, "#5f6b76");
        }
        if !leaf.is_empty() {
            let from = match adapter.is_empty() {
                true => &POD,
                false => &ADAPTER,
            };
            let answers = !interface.gateways.iter().any(|one| {
                one.state
                    .as_deref()
                    .is_some_and(|state| matches!(state, "failed" | "incomplete"))
            });
            let colour = if is_good && answers { GOOD } else { BAD };
            self.line(from.right(), LEAF.left, middle, colour);
            self.boxed(&LEAF, top, height, &leaf, "#5f6b76");
        }
        self.boxed(&POD, top, height, &own, colour);
        height
    }

    fn boxed(&mut self, column: &Column, top: usize, height: usize, lines: &[String], edge: &str) {
        self.rectangle(column.left, top, column.width, height, "#ffffff", edge);
        let letters = (column.width - 2 * MARGIN) / LETTER;
        for (number, line) in lines.iter().enumerate() {
            let baseline = top + (number + 1) * LINE;
            self.text(column.left + MARGIN, baseline, line, letters, "#000000");
        }
    }

    fn rectangle(
        &mut self,
        left: usize,
        top: usize,
        width: usize,
        height: usize,
        fill: &str,
        edge: &str,
    ) {
        self.body += &format!(
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{fill}\" stroke=\"{edge}\"/>\n"
        );
    }

    fn line(&mut self, from: usize, to: usize, height: usize, colour: &str) {
        self.body += &format!(
            "<line x1=\"{from}\" y1=\"{height}\" x2=\"{to}\" y2=\"{height}\" stroke=\"{colour}\" stroke-width=\"2\"/>\n"
        );
    }

    /// Text that fits; the whole of it is shown where somebody points at it.
    fn text(&mut self, left: usize, baseline: usize, text: &str, letters: usize, colour: &str) {
        let whole = printable(text, false);
        let shown = match whole.chars().count() > letters {
            true => {
                let kept = whole.chars().take(letters.saturating_sub(1));
                kept.chain(['…']).collect::<String>()
            }
            false => whole.clone().into_owned(),
        };
        self.body += &format!(
            "<text x=\"{left}\" y=\"{baseline}\" fill=\"{colour}\"><title>{}</title>{}</text>\n",
            escaped(&whole),
            escaped(&shown)
        );
    }
}

/// Text as XML has it, in an element or in an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in printable(text, false).chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&apos;",
            // No characters of XML (1.0, section 2.2); the others that are none have been escaped before.
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn own(interface: &Interface) -> Vec<String> {
    let networks: Vec<_> = interface
        .attachments
        .iter()
        .map(|one| one.network.as_str())
        .collect();
    let mut lines = vec![match networks.as_slice() {
        [] => interface.name.clone(),
        networks => format!("{}  network {}", interface.name, networks.join(", ")),
    }];
    lines.push(match &interface.link {
        Some(link) => format!(
            "{}, mtu {}, {}",
            match (link.up, link.carrier) {
                (true, true) => "up",
                (true, false) => "no carrier",
                (false, _) => "down",
            },
            link.mtu,
            link.mac
        ),
        None => "not in the pod".to_owned(),
    });
    lines.extend(
        interface
            .addresses
            .iter()
            .map(|one| one.address.to_string()),
    );
    for rule in &interface.rules {
        let lost = match rule.places.in_pod {
            Some(false) => "  NOT IN THE POD",
            _ => "",
        };
        lines.push(format!("{}{lost}", rule.text));
    }
    lines
}

fn adapter(interface: &Interface) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(parent) = &interface.parent {
        lines.push(match parent.speed {
            Some(speed) => format!("{}  {speed} Mbit/s", parent.name),
            None => parent.name.clone(),
        });
    }
    if let Some(function) = &interface.function {
        lines.push(match &function.driver {
            Some(driver) => format!("{}  {driver}", function.address),
            None => function.address.clone(),
        });
        let devices = function.rdma_devices.iter();
        lines.extend(devices.map(|device| format!("RDMA {}", device.name)));
        lines.extend(function.numa_node.map(|node| format!("NUMA node {node}")));
    }
    lines.extend(interface.guid.iter().map(|guid| format!("GUID {guid}")));
    let keys = interface.partition_key.iter();
    lines.extend(keys.map(|key| format!("partition {key}")));
    lines
}

fn leaf(interface: &Interface) -> Vec<String> {
    let gateways = interface.gateways.iter();
    gateways
        .map(|gateway| match &gateway.state {
            Some(state) => format!("{}  {state}", gateway.address),
            None => gateway.address.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
