import Grapevine
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct EventStreamTests {
  @Test func `A stream begins where its snapshot ends`() async throws {
    let nodes = try await makeCluster("a", "b")
    try nodes[1].set("before", "1")
    try await eventually("a has the key") { nodes[0].version(of: "b") == 1 }
    let events = nodes[0].events()
    #expect(events.members == nodes[0].members)
    try nodes[1].set("after", "2")
    var iterator = events.makeAsyncIterator()
    let entry = Entry(key: "after", value: [0x32], version: 2)
    #expect(await iterator.next() == .event(.keySet(nodes[1].id, entry)))
  }

  @Test func `A stream that is waited for wakes up`() async throws {
    let nodes = try await makeCluster("a", "b")
    let events = nodes[0].events()
    let reader = Task {
      var keys: [String] = []
      for await notice in events {
        guard case .event(.keySet(_, let entry)) = notice else { continue }
        keys.append(entry.key)
        if entry.key == "last" { break }
      }
      return keys
    }
    for key in ["first", "second", "last"] {
      let version = try nodes[1].set(key, "value")
      try await eventually("a has \(key)") { nodes[0].version(of: "b") == version }
    }
    #expect(await reader.value == ["first", "second", "last"])
  }

  @Test func `A stream ends after what came before close`() async throws {
    let nodes = try await makeCluster("a", "b")
    let events = nodes[0].events()
    let waiting = nodes[0].events()
    let reader = Task { await waiting.reduce(into: 0) { count, _ in count += 1 } }
    for index in 0..<5 { try nodes[1].set("key-\(index)", "value") }
    try await eventually("a has the keys") { nodes[0].version(of: "b") == 5 }
    nodes[0].close()
    #expect(await events.reduce(into: 0) { count, _ in count += 1 } == 5)
    #expect(await reader.value == 5)
  }

  @Test func `Cancelling its task ends a stream`() async throws {
    let node = try makeNode()
    let events = node.events()
    let reader = Task {
      for await _ in events { Issue.record("nothing happens") }
      return Task.isCancelled
    }
    reader.cancel()
    #expect(await reader.value)
  }

  @Test func `A stream that is not read says how much it missed`() async throws {
    let limit = 8
    let nodes = try await makeCluster("a", "b") { $0.watcherQueueLimit = limit }
    let events = nodes[0].events()
    for index in 0..<50 { try nodes[1].set("key-\(index)", "value") }
    try await eventually("a has the keys") { nodes[0].version(of: "b") == 50 }

    var iterator = events.makeAsyncIterator()
    var notices: [Notice] = []
    while notices.count < limit + 1, let notice = await iterator.next() { notices.append(notice) }
    guard case .missed(let count, let members)? = notices.last else {
      Issue.record("\(notices)")
      return
    }
    #expect(count == 50 - limit)
    #expect(members == nodes[0].members)
    try nodes[1].delete("key-0")
    let deletion = Event.keyDeleted(nodes[1].id, key: "key-0", version: 51)
    #expect(await iterator.next() == .event(deletion))
    notices.append(.event(deletion))
    #expect(Mirror(events.members, notices) == Mirror(nodes[0].members))
    #expect(Mirror(events.members, notices).repetitions == [])
  }

  @Test func `Each stream has all events`() async throws {
    let nodes = try await makeCluster("a", "b")
    let streams = [nodes[0].events(), nodes[0].events()]
    try nodes[1].set("key", "value")
    for stream in streams {
      var iterator = stream.makeAsyncIterator()
      let notice = try #require(await iterator.next())
      #expect(notice.description.contains("key=value"))
    }
  }

  @Test func `Iterators of one stream share its events`() async throws {
    let nodes = try await makeCluster("a", "b")
    let events = nodes[0].events()
    let readers = (0..<4).map { _ in Task { await events.reduce(into: 0) { sum, _ in sum += 1 } } }
    for index in 0..<100 { try nodes[1].set("key-\(index)", "value") }
    try await eventually("a has the keys") { nodes[0].version(of: "b") == 100 }
    nodes[0].close()
    var sum = 0
    for reader in readers { sum += await reader.value }
    #expect(sum == 100)
  }

  @Test func `A sequence that is kept does not keep what a closed node knew`() async throws {
    let nodes = try await makeCluster("a", "b")
    var stream = nodes[0].events().makeAsyncIterator()
    let (_, token) = nodes[0].watch(Recorder())
    var node: Node? = try makeMortalNode("c")
    var other = try #require(node).events().makeAsyncIterator()
    let held = try #require(node).watch(Recorder())
    weak let runtime = node?.runtime
    node?.close()
    node = nil
    #expect(await other.next() == nil)
    try await eventually("it is gone") { runtime == nil }
    withExtendedLifetime((held, token)) {}
    // One that goes on still tells.
    try nodes[1].set("key", "value")
    #expect(await stream.next() != nil)
  }
}
