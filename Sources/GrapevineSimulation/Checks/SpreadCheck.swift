package final class SpreadCheck: Check {
  package static let name = "spread"
  package static let reason =
    "when a spread ends with nothing missing, every live member holds the version"

  package init() {}
}
