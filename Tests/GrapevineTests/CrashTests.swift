import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Nodes that end without a word, as their watchers and logs tell it.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct CrashTests {
  @Test func `Others say that a node that ends without a word is down`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    let recorders = nodes.map { node in
      let recorder = Recorder()
      node.watch(recorder)
      return recorder
    }
    let id = nodes[2].id
    nodes[2].close()
    try await eventually("both say so", within: .seconds(10)) {
      recorders[..<2].allSatisfy { $0.events == [.down(id)] }
    }
    for node in nodes[..<2] {
      let member = try #require(node.member(named: "c"))
      #expect(member.isDown && !member.isLive && !member.hasLeft)
      #expect(member.expiry != nil)
      #expect(node.liveMemberCount == 2 && node.memberCount == 3)
    }
    #expect(recorders[2].events == [])
  }

  @Test func `Of two nodes the survivor says down like any other`() async throws {
    let nodes = try await makeCluster("a", "b")
    let heard = Locked<[MemberID]>([])
    nodes[0].watch(.down) { member in heard.withLock { $0.append(member) } }
    nodes[1].close()
    let id = nodes[1].id
    try await eventually("it says so", within: .seconds(10)) { heard.withLock { $0 } == [id] }
  }

  @Test func `One that is down expires, and its keys stay until then`() async throws {
    let nodes = try await makeCluster("a", "b") { $0.gossip.memberExpiry = .seconds(4) }
    let recorder = Recorder()
    nodes[0].watch(recorder)
    let version = try nodes[1].set("key", "value")
    try await eventually("a has the key") { nodes[0].version(of: "b") == version }
    nodes[1].close()
    let id = nodes[1].id
    try await eventually("it is down") { nodes[0].member(named: "b")?.isDown == true }
    #expect(nodes[0].text(of: "key", member: "b") == "value")
    try await eventually("it is forgotten") { nodes[0].memberCount == 1 }
    #expect(nodes[0].text(of: "key", member: "b") == nil)
    try await eventually("the watcher is told") { recorder.events.count == 3 }
    #expect(recorder.events.suffix(2) == [.down(id), .expired(id)])
  }

  @Test(arguments: [true, false], [true, false])
  func `A restart under the same name shows as one replacement`(
    isDownFirst: Bool,
    hasSameAddress: Bool
  ) async throws {
    // A port that the system gives to nobody, so that no other test takes it while it is free.
    let host = "127.0.0.\(10 + (isDownFirst ? 1 : 0) + (hasSameAddress ? 2 : 0))"
    // Where the restart is to come first, nobody may be called down for as long as that may take.
    let interval = Duration.milliseconds(isDownFirst ? 30 : 2_000)
    var nodes = try await makeCluster("a", "b") { $0.gossip.interval = interval }
    nodes.append(
      try makeNode("c") {
        $0.bind = "\(host):20110"
        $0.gossip.interval = interval
      }
    )
    try await nodes[2].join([nodes[0].address.description])
    try await eventually("all know all") { nodes.allSatisfy { $0.memberCount == 3 } }
    let recorders = nodes[..<2].map { node in
      let recorder = Recorder()
      node.watch(recorder)
      return recorder
    }
    let (old, address) = (nodes[2].id, nodes[2].address.description)
    nodes[2].close()
    if isDownFirst {
      try await eventually("it is down") {
        nodes[..<2].allSatisfy { $0.member(named: "c")?.isDown == true }
      }
    }
    let next = try bindingAgain {
      try makeNode("c") {
        $0.bind = hasSameAddress ? address : "\(host):20111"
        $0.gossip.interval = interval
      }
    }
    try await next.join([nodes[0].address.description])
    try next.set("life", "second")
    try await eventually("the others know the new life") {
      nodes[..<2].allSatisfy { $0.text(of: "life", member: "c") == "second" }
    }
    let told: [Event] = [
      .replaced(old, by: next.id),
      .keySet(next.id, Entry(key: "life", value: Array("second".utf8), version: 1)),
    ]
    for recorder in recorders {
      try await eventually("the watcher is told") { recorder.events.last == told.last }
      #expect(recorder.events == (isDownFirst ? [.down(old)] : []) + told)
    }
    #expect(nodes[..<2].allSatisfy { $0.memberCount == 3 && $0.liveMemberCount == 3 })
  }

  @Test func `A hundred restarts show as a hundred lives`()
    async throws
  {
    let a = try makeNode("a")
    let recorder = Recorder()
    a.watch(recorder)
    var lives: [MemberID] = []
    // A port that the system gives to nobody, so that no other test takes it while it is free.
    for count in 1...100 {
      let node = try bindingAgain { try makeNode("b") { $0.bind = "127.0.0.9:20109" } }
      try await node.join([a.address.description])
      try node.set("count", "\(count)")
      try await eventually("life \(count) is known") {
        a.text(of: "count", member: "b") == "\(count)"
      }
      lives.append(node.id)
      node.close()
    }
    #expect(a.memberCount == 2)
    try await eventually("the watcher is told") {
      recorder.events.contains { if case .keySet(lives[99], _) = $0 { true } else { false } }
    }
    let changes = recorder.events.filter { event in
      switch event {
      case .joined, .replaced, .up, .expired: true
      case .leaving, .left, .down, .keySet, .keyDeleted, .nameConflict: false
      }
    }
    let replacements = zip(lives, lives.dropFirst()).map { Event.replaced($0, by: $1) }
    #expect(changes == [.joined(lives[0])] + replacements)
  }
}
