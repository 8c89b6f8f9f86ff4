import Grapevine

@main
struct ThreeNodes {
  static func main() async throws {
    var configuration = Node.Configuration()
    configuration.bind = "127.0.0.1:0"
    configuration.name = "web-1"
    let first = try Node(configuration)
    let events = first.events()  // all that it sees of others from here on
    try first.set("role", "web")

    var others: [Node] = []
    for (name, role) in [("web-2", "web"), ("db-1", "db")] {
      configuration.name = name
      let node = try Node(configuration)
      try node.set("role", role)
      try await node.join([first.address.description])
      others.append(node)
    }

    try others[0].set("motd", "hello, all")
    try await others[0].spread()  // returns once every live member holds it
    print(first.text(of: "motd", member: "web-2") ?? "unknown")
    for member in first.members { print(member) }

    others[0].close()  // without a word, as a crash
    for await notice in events {
      print(notice)
      if case .event(.down) = notice { break }
    }
    print(try await others[1].leave())
    print(try await first.leave())
  }
}
