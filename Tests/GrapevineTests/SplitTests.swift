import Grapevine
import GrapevineTransport
import Pacing
import Testing

/// Clusters whose network falls apart and comes together again.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct SplitTests {
  /// Lets nothing pass between the two sides.
  private func split(_ first: some Sequence<Node>, _ second: some Sequence<Node>) {
    for node in first { node.setUnreachable(Set(second.map(\.address))) }
    for node in second { node.setUnreachable(Set(first.map(\.address))) }
  }

  private func heal(_ nodes: [Node]) {
    for node in nodes { node.setUnreachable([]) }
  }

  /// Splits `nodes` in the middle until each side has given up the other, and expects that none
  /// gives up one of its own.
  private func splitUntilDown(_ nodes: [Node]) async throws {
    let middle = nodes.count / 2
    split(nodes[..<middle], nodes[middle...])
    try await eventually("each side says that the other is down") {
      nodes[..<middle].allSatisfy { node in
        nodes[middle...].allSatisfy { node.member(named: $0.id.name)?.isLive != true }
      }
        && nodes[middle...].allSatisfy { node in
          nodes[..<middle].allSatisfy { node.member(named: $0.id.name)?.isLive != true }
        }
    }
    #expect(nodes.allSatisfy { $0.liveMemberCount == middle })
  }

  @Test func `Halves find each other by themselves, with what each has written`() async throws {
    let nodes = try await makeCluster("a", "b", "c", "d", "e", "f")
    let recorders = nodes.map { node in
      let recorder = Recorder()
      node.watch(recorder)
      return recorder
    }
    try await splitUntilDown(nodes)
    for node in nodes { try node.set("side", "of \(node.id.name)") }
    heal(nodes)
    try await eventually("all know all") {
      nodes.allSatisfy { reader in
        reader.liveMemberCount == nodes.count
          && nodes.allSatisfy { writer in
            reader.text(of: "side", member: writer.id.name) == "of \(writer.id.name)"
          }
      }
    }
    try await eventually("all hold the same") { Set(nodes.map(\.fingerprint)).count == 1 }
    for (index, recorder) in recorders.enumerated() {
      let others = index < 3 ? nodes[3...] : nodes[..<3]
      try await eventually("the watcher is told") {
        others.allSatisfy { recorder.events.contains(.up($0.id)) }
      }
      // Of its own side nobody was called down.
      let down = recorder.events.compactMap { if case .down(let id) = $0 { id } else { nil } }
      #expect(down.sorted() == others.map(\.id))
    }
  }

  /// Without seeds it is the addresses they joined once, and the graves, that are tried again.
  @Test(arguments: [true, false])
  func `Halves that have forgotten each other find each other`(hasSeeds: Bool) async throws {
    let names = NameServer()
    let loop = try names.makeLoop()
    let nodes = try await makeCluster("a", "b", "c", "d") {
      $0.loop = loop
      if hasSeeds { $0.seeds = { ["cluster.test"] } }
      $0.seedInterval = .milliseconds(200)
      $0.gossip.memberExpiry = .milliseconds(300)
    }
    names.set("cluster.test", nodes[0], nodes[1], nodes[2], nodes[3])
    try await splitUntilDown(nodes)
    try await eventually("each side has forgotten the other") {
      nodes.allSatisfy { $0.memberCount == 2 }
    }
    heal(nodes)
    try await eventually("all know all") { nodes.allSatisfy { $0.liveMemberCount == 4 } }
  }

  @Test func `A cut between two of many accuses nobody`() async throws {
    let nodes = try await makeCluster("a", "b", "c", "d")
    let recorders = nodes.map { node in
      let recorder = Recorder()
      node.watch(recorder)
      return recorder
    }
    split([nodes[0]], [nodes[1]])
    // Long enough to look into the silence, and to find the way by way of another.
    try await eventually("each looks into the other's silence") {
      nodes[..<2].allSatisfy { $0.metrics.relayAnswers >= 3 }
    }
    heal(nodes)
    for recorder in recorders { #expect(recorder.events == []) }
    #expect(nodes.allSatisfy { $0.metrics.accusationsOut == 0 })
  }

  @Test func `One that falls silent is down`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    nodes[2].fallSilent()
    try await eventually("the others say so") {
      nodes[..<2].allSatisfy { $0.member(named: "c")?.isDown == true }
    }
  }
}
