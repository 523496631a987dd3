use super::super::samples::infiniband;
use super::*;

#[test]
fn the_adapter_and_the_leaf_of_a_rail_are_joined_to_it() {
    let shown = picture(&infiniband());
    for text in [
        ">net1  network ib0<",
        ">0000:3b:00.2  mlx5_core<",
        ">RDMA mlx5_6<",
        ">NUMA node 1<",
        ">GUID 02:00:c9:03:00:00:00:01<",
        ">partition 0x8001<",
        ">172.16.11.254  failed<",
    ] {
        assert!(shown.contains(text), "{text:?} in {shown}");
    }
    // The gateway has failed, so the way to the leaf is drawn as broken, and the one to the adapter is not.
    let lines: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("<line"))
        .collect();
    assert_eq!(lines.len(), 2, "{shown}");
    assert!(
        lines[0].contains(GOOD) && lines[1].contains(BAD),
        "{lines:?}"
    );
    // Nothing is loaded from anywhere.
    for word in ["href", "url(", "<image", "<script", "<style", "<!"] {
        assert!(!shown.contains(word), "{word}");
    }
}

/// Letters that mean something to XML, and those that it does not have at all.
#[test]
fn a_name_ends_no_element_and_begins_none() {
    let mut hostile = infiniband();
    hostile.interfaces[0].name = "</text><script>\"'&\u{0}\u{1b}\u{ffff}".to_owned();
    let shown = picture(&hostile);
    assert_eq!(
        shown.matches("<text").count(),
        picture(&infiniband()).matches("<text").count()
    );
    assert!(!shown.contains("<script"), "{shown}");
    assert!(
        shown.contains("&lt;/text&gt;&lt;script&gt;&quot;&apos;&amp;"),
        "{shown}"
    );
    assert!(
        !shown.contains(['\u{0}', '\u{1b}', '\u{ffff}']),
        "{shown:?}"
    );
}

#[test]
fn what_does_not_fit_is_cut_and_shown_whole_where_one_points_at_it() {
    let mut long = infiniband();
    long.interfaces[0].attachments[0].network = "ü".repeat(500);
    let shown = picture(&long);
    let whole = format!("<title>net1  network {}</title>", "ü".repeat(500));
    assert!(shown.contains(&whole), "{shown}");
    assert!(shown.contains("ü…</text>"), "{shown}");
}
