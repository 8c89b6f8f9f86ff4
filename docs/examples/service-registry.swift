import Grapevine

/// Where each service can be called, out of what its instances say of themselves.
struct ServiceRegistry {
  let node: Node

  /// Says that an instance of `service` answers at `address`, for as long as the node is a member.
  func register(_ service: String, at address: String) throws {
    try node.update([.set("service", to: service), .set("address", to: address)])
  }

  /// The addresses at which live instances of `service` answer; it is read from memory.
  func addresses(of service: String) -> [String] {
    node.liveMembers(withKeys: ["service", "address"])
      .filter { node.text(of: "service", member: $0.name) == service }
      .compactMap { node.text(of: "address", member: $0.name) }
  }
}

/// A gateway that calls two instances of a service, of which one leaves and one crashes.
@main
struct Gateway {
  static func main() async throws {
    let gateway = try start("gateway")
    let registry = ServiceRegistry(node: gateway)
    let events = gateway.events()

    var instances: [Node] = []
    for (name, address) in [("web-1", "10.0.0.1:8080"), ("web-2", "10.0.0.2:8080")] {
      let instance = try start(name)
      try ServiceRegistry(node: instance).register("web", at: address)
      try await instance.join([gateway.address.description])
      instances.append(instance)
    }

    for await notice in events {
      guard case .event(let event) = notice else { continue }
      switch event {
      case .keySet(let member, let entry) where entry.key == "address":
        print("\(member.name) is here, web is at", registry.addresses(of: "web"))
        if member.name == "web-2" { try await instances[0].leave() }
      case .left(let member):
        print("\(member.name) left, web is at", registry.addresses(of: "web"))
        instances[1].close()  // without a word, as a crash
      case .down(let member):
        print("\(member.name) crashed, web is at", registry.addresses(of: "web"))
        gateway.close()  // ends the events
      default: break
      }
    }
    instances[0].close()
  }

  static func start(_ name: String) throws -> Node {
    var configuration = Node.Configuration()
    configuration.bind = "127.0.0.1:0"
    configuration.name = name
    return try Node(configuration)
  }
}
