public import Grapevine

/// A configuration for a free loopback port and a quick round.
public func quickConfiguration(_ name: String) -> Node.Configuration {
  var configuration = Node.Configuration()
  configuration.bind = "127.0.0.1:0"
  configuration.name = name
  configuration.gossip.interval = .milliseconds(30)
  return configuration
}

/// Waits until `condition` holds; false if it takes longer than any machine needs.
public func holds(_ condition: () throws -> Bool) async throws -> Bool {
  let clock = ContinuousClock()
  let deadline = clock.now + .seconds(20)
  while try !condition() {
    guard clock.now < deadline else { return false }
    try await Task.sleep(for: .milliseconds(2))
  }
  return true
}
