import Grapevine

/// Two nodes that find each other, with nothing imported but the library.
@main
struct Consumer {
  static func main() async throws {
    var configuration = Node.Configuration()
    configuration.bind = "127.0.0.1:0"
    configuration.name = "first"
    let first = try Node(configuration)
    defer { first.close() }
    try first.set("greeting", "hello")

    configuration.name = "second"
    let second = try Node(configuration)
    defer { second.close() }
    print("joined", try await second.join([first.address.description]))

    // A member of a type that Grapevine re-exports must be visible with this one import.
    for member in second.members {
      let greeting = member["greeting"].map { String(decoding: $0, as: UTF8.self) }
      print(member.id, greeting ?? "-", member.entries.count)
    }
    print("all hold version", try await first.spread())
    print("left, as acknowledged by", try await second.leave().acknowledged)
  }
}
