import Grapevine
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct WatcherTests {
  @Test func `A watcher is told what happens in order`() async throws {
    let a = try makeNode("a")
    let b = try makeNode("b")
    let recorder = Recorder()
    #expect(a.watch(recorder).members == [a.localMember])
    try await b.join([a.address.description])
    try await eventually("a knows b") { a.liveMemberCount == 2 }
    for (key, value) in [("one", "1"), ("two", "2"), ("one", "3")] {
      let version = try b.set(key, value)
      try await eventually("a has \(key)=\(value)") { a.version(of: "b") == version }
    }
    try b.delete("one")
    try await eventually("a has the deletion") { a.version(of: "b") == 4 }
    try await b.leave()
    try await eventually("a knows") { a.member(named: "b")?.hasLeft == true }
    let expected: [Event] = [
      .joined(b.id),
      .keySet(b.id, Entry(key: "one", value: [0x31], version: 1)),
      .keySet(b.id, Entry(key: "two", value: [0x32], version: 2)),
      .keySet(b.id, Entry(key: "one", value: [0x33], version: 3)),
      .keyDeleted(b.id, key: "one", version: 4),
      .left(b.id),
    ]
    try await eventually("the watcher is told") { recorder.events.count >= expected.count }
    #expect(recorder.events == expected)
  }

  @Test func `Every notice has its method`() {
    let id = MemberID(name: "b", generation: 1)
    let later = MemberID(name: "b", generation: 2)
    let nobody = MemberID(name: "", generation: 0)
    let notices: [Notice] = [
      .event(.joined(id)), .event(.leaving(id)), .event(.left(id)), .event(.down(id)),
      .event(.up(id)),
      .event(.keySet(id, Entry(key: "key", value: [1], version: 2))),
      .event(.keyDeleted(id, key: "key", version: 3)), .event(.expired(id)),
      .event(.replaced(id, by: later)),
      .event(.nameConflict(own: nobody, rival: id, address: Endpoint(ipv4: 1, port: 2))),
      .missed(count: 4, members: []),
    ]
    let recorder = Recorder()
    for notice in notices { recorder.receive(notice) }
    #expect(recorder.notices == notices)
    struct Silent: Watcher {}
    for notice in notices { Silent().receive(notice) }
  }

  @Test func `A closure hears of its kind alone`() async throws {
    let a = try makeNode("a")
    let heard = Locked<[String]>([])
    a.watch(.joined) { member in heard.withLock { $0.append("\(member.name) joined") } }
    a.watch(.left) { member in heard.withLock { $0.append("\(member.name) left") } }
    a.watch(.keySet) { member, entry in
      heard.withLock { $0.append("\(member.name) \(entry.key)=\(entry.text)") }
    }
    a.watch(.keyDeleted) { member, key, version in
      heard.withLock { $0.append("\(member.name) -\(key)@\(version)") }
    }
    let b = try makeNode("b")
    try await b.join([a.address.description])
    try b.set("key", "value")
    try await eventually("a has the key") { a.version(of: "b") == 1 }
    try b.delete("key")
    try await eventually("a has the deletion") { a.version(of: "b") == 2 }
    try await b.leave()
    try await eventually("all are told") { heard.withLock { $0.count } == 4 }
    // Each closure has a queue of its own, so the order among them is open.
    #expect(heard.withLock { $0.sorted() } == ["b -key@2", "b joined", "b key=value", "b left"])
  }

  @Test func `A watcher may call back into its node`() async throws {
    let nodes = try await makeCluster("a", "b")
    let a = nodes[0]
    let inner = Recorder()
    let counts = Locked<[Int]>([])
    let token = Locked<WatchToken?>(nil)
    let isDone = Locked(false)
    let callback = Recorder { [weak a] notice in
      guard let a, case .event(.keySet(_, let entry)) = notice else { return }
      _ = try? a.set("echo", entry.value)
      counts.withLock { $0.append(a.members.count) }
      _ = a.watch(inner)
      token.withLock { $0?.cancel() }
      isDone.withLock { $0 = true }
    }
    let given = a.watch(callback).token
    token.withLock { $0 = given }
    try nodes[1].set("key", "one")
    try await eventually("b hears the echo") { nodes[1].text(of: "echo", member: "a") == "one" }
    // Others may have the echo before the inner watcher watches.
    try await eventually("the callback has ended") { isDone.withLock { $0 } }
    try nodes[1].set("key", "two")
    try await eventually("the inner watcher is told") { inner.events.count == 1 }
    #expect(counts.withLock { $0 } == [2])
    #expect(callback.events.count == 1)
  }

  @Test func `A watcher may close its node`() async throws {
    let nodes = try await makeCluster("a", "b")
    nodes[0].watch(.keySet) { [weak node = nodes[0]] _ in node?.close() }
    try nodes[1].set("key", "value")
    try await eventually("the node is closed") { isClosed(nodes[0]) }
  }

  private func isClosed(_ node: Node) -> Bool {
    do {
      try node.set("key", "value")
      return false
    } catch {
      return error.code == .closed
    }
  }

  @Test func `A watcher that was removed hears no more`() async throws {
    let nodes = try await makeCluster("a", "b")
    let stays = Recorder()
    let goes = Recorder()
    nodes[0].watch(stays)
    let token = nodes[0].watch(goes).token
    try nodes[1].set("key", "one")
    try await eventually("both hear") { stays.events.count == 1 && goes.events.count == 1 }
    token.cancel()
    token.cancel()
    try nodes[1].set("key", "two")
    try await eventually("one hears") { stays.events.count == 2 }
    #expect(goes.events.count == 1)
  }

  @Test func `A watcher that was removed is let go of`() async throws {
    let node = try makeNode()
    weak var watcher: Recorder?
    var token: WatchToken?
    do {
      let strong = Recorder()
      watcher = strong
      token = node.watch(strong).token
    }
    #expect(watcher != nil)
    token?.cancel()
    try await eventually("it is gone") { watcher == nil }
  }

  @Test func `What came before close is still told`() async throws {
    let nodes = try await makeCluster("a", "b")
    let gate = Gate()
    let recorder = Recorder { _ in gate.pass() }
    nodes[0].watch(recorder)
    for index in 0..<10 { try nodes[1].set("key-\(index)", "value") }
    try await eventually("a has the keys") { nodes[0].version(of: "b") == 10 }
    nodes[0].close()
    gate.open()
    try await eventually("all are told") { recorder.events.count == 10 }
  }
}
