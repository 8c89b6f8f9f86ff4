import Grapevine

/// A service that takes its settings from the member “operator”, and says which it runs with.
final class ConfiguredService: Sendable {
  let node: Node

  init(_ node: Node) {
    self.node = node
    node.watch(.keys(withPrefix: "config/")) { [weak node] change in
      guard let node, change.member.name == "operator", let value = change.text else { return }
      print("\(node.localMember.name) takes over \(change.key) = \(value)")
      _ = try? node.set("runs/" + change.key, value)
    }
  }
}

/// Three services take over what the operator sets, who sees when all have done so.
@main
struct ConfigRollout {
  static func main() async throws {
    let publisher = try start("operator")
    var services: [ConfiguredService] = []
    for name in ["web-1", "web-2", "web-3"] {
      let node = try start(name)
      services.append(ConfiguredService(node))
      try await node.join([publisher.address.description])
    }

    for release in ["3 retries", "5 retries"] {
      let events = publisher.events()
      try publisher.set("config/http", release)
      for await _ in events where allRun(release, of: "config/http", publisher) { break }
      print("all run with \(release)")
    }
    for service in services { service.node.close() }
    publisher.close()
  }

  /// Says whether all other live members run with `value`.
  static func allRun(_ value: String, of key: String, _ node: Node) -> Bool {
    node.memberSummaries.filter { $0.isLive && !$0.isSelf }
      .allSatisfy { node.text(of: "runs/" + key, member: $0.name) == value }
  }

  static func start(_ name: String) throws -> Node {
    var configuration = Node.Configuration()
    configuration.bind = "127.0.0.1:0"
    configuration.name = name
    return try Node(configuration)
  }
}
