package final class AccordCheck: Check {
  package static let name = "accord"
  package static let reason =
    "in peace every live node lists all live ones as live, and after a while nobody else"

  package init() {}
}
