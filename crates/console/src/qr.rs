use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around the code that readers need (ISO/IEC 18004).
const QUIET: i32 = 4;

/// A text as a QR code in SVG, black on white whatever the page looks like; none for what is too long for one.
///
/// What wallets read in either case is written in capitals, for which a code has less to draw.
pub(crate) fn svg(text: &str) -> Option<String> {
    let capitals = text.starts_with("lightning:");
    let text = if capitals { text.to_ascii_uppercase() } else { text.to_owned() };
    let code = QrCode::encode_text(&text, QrCodeEcc::Low).ok()?;
    let size = code.size();
    let whole = size + 2 * QUIET;
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" role=\"img\" aria-label=\"QR code\" shape-rendering=\"crispEdges\"><rect width=\"{whole}\" height=\"{whole}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_its_margin() {
        let svg = svg("ethereum:0x1@1").unwrap();
        // Version 1 has 21 modules; with the margin 29. The corner of the upper left pattern is black, inside the margin.
        assert!(svg.contains("viewBox=\"0 0 29 29\""), "{svg}");
        assert!(svg.contains("M4 4h1v1h-1z") && !svg.contains("M3 "), "{svg}");
    }

    #[test]
    fn an_invoice_is_written_in_capitals_and_what_is_too_long_is_not_drawn() {
        let (small, large) = (svg("lightning:lnbc1").unwrap(), svg("LIGHTNING:LNBC1").unwrap());
        assert_eq!(small, large);
        assert!(svg(&"x".repeat(4000)).is_none());
    }
}
