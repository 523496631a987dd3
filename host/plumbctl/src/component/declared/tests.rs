use super::*;

fn declared(text: &str) -> Wishes {
    wishes(&Declaration::parse(text.as_bytes()).unwrap())
}

#[test]
fn devices_stand_with_the_operations_that_are_about_them() {
    let wishes = declared(
        r#"{"operations": ["set-up", "create-macvlan", "move-link"],
            "devices": {"parents": ["ens*", "driver:mlx5_core"]}}"#,
    );
    assert_eq!(
        in_words(&wishes),
        "create-macvlan on driver:mlx5_core and ens*, move-link, set-up"
    );
    assert_eq!(in_words(&Wishes::new()), "none");
}

#[test]
fn what_goes_beyond_is_an_operation_or_a_device_more() {
    let before = declared(
        r#"{"operations": ["set-up", "create-macvlan"], "devices": {"parents": ["ens*"]}}"#,
    );
    for (after, rest) in [
        (r#"{"operations": ["set-up"]}"#, "none"),
        (r#"{"operations": ["set-up", "set-mtu"]}"#, "set-mtu"),
        (
            r#"{"operations": ["create-macvlan"], "devices": {"parents": ["ens*", "eth0"]}}"#,
            "create-macvlan on eth0",
        ),
        // Any device is more than some.
        (r#"{"operations": ["create-macvlan"]}"#, "create-macvlan"),
    ] {
        assert_eq!(in_words(&beyond(&declared(after), &before)), rest);
    }
    let any = declared(r#"{"operations": ["create-macvlan"]}"#);
    let some = declared(r#"{"operations": ["create-macvlan"], "devices": {"parents": ["ens*"]}}"#);
    assert_eq!(in_words(&beyond(&some, &any)), "none");
}
