use super::*;

#[test]
fn text_and_parse_are_inverse() {
    let bytes = parse("02:00:5E:10:00:fF").expect("six bytes");
    assert_eq!(bytes, [0x02, 0, 0x5e, 0x10, 0, 0xff]);
    assert_eq!(text(&bytes), "02:00:5e:10:00:ff");
    assert_eq!(parse("02-00-5e-10-00-ff").as_ref(), Some(&bytes));
    assert_eq!(parse("0200.5e10.00FF").as_ref(), Some(&bytes));
    assert_eq!(
        parse_array("0200.5e10.00ff"),
        Some([2, 0, 0x5e, 0x10, 0, 0xff])
    );
    assert_eq!(text(&[]), "");
}

#[test]
fn what_is_not_bytes_is_refused() {
    for text in [
        "",
        "2:0:5e:10:0:1",
        "0200:5e",
        "zz:00:00:00:00:00",
        "+1:00:00:00:00:00",
        "02:00:00:00-00:01",
        "02:00:",
        "02.00.5e.10.00.ff",
        "0200.5e10.00f",
        "0200.5e10:00ff",
        "0200.5e10.",
        "02é.5e10.00ff",
        "0é0.5e10.00ff",
        ":02",
        " 02:00",
    ] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn a_known_number_of_bytes_must_be_that_number() {
    assert_eq!(parse_array("02:ff"), Some([2, 0xff]));
    assert_eq!(parse_array::<3>("02:ff"), None);
    assert_eq!(parse_array::<1>("02:ff"), None);
}
