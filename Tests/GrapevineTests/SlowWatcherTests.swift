import Grapevine
import GrapevineTransport
import Pacing
import Testing

@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct SlowWatcherTests {
  @Test func `A watcher that sleeps delays nobody and is told what it missed`() async throws {
    let limit = 8
    let nodes = try await makeCluster("a", "b") { $0.watcherQueueLimit = limit }
    let gate = Gate()
    let recorder = Recorder { _ in gate.pass() }
    let before = nodes[0].watch(recorder).members

    try nodes[1].set("first", "value")
    try await eventually("the watcher sleeps") { gate.hasVisitor }
    for index in 0..<100 { try nodes[1].set("key-\(index)", "value") }
    try await eventually("gossip goes on") { nodes[0].version(of: "b") == 101 }
    try nodes[0].set("key", "value")
    try await eventually("the other way too") { nodes[1].text(of: "key", member: "a") == "value" }

    gate.open()
    try await eventually("the watcher is told of the gap") { recorder.hasMissed }
    try nodes[1].set("last", "value")
    try nodes[1].delete("first")
    try await eventually("what follows arrives") { nodes[0].version(of: "b") == 103 }
    try await eventually("the watcher is told the rest") {
      Mirror(before, recorder.notices) == Mirror(nodes[0].members)
    }

    let misses = recorder.notices.compactMap { notice -> (Int, [Member])? in
      if case .missed(let count, let members) = notice { (count, members) } else { nil }
    }
    // One event was being told and `limit` waited; all others are counted, and none twice.
    #expect(misses.map(\.0) == [100 - limit])
    #expect(misses.first?.1.first { $0.name == "b" }?.version == 101)
    #expect(recorder.events.count == 1 + limit + 2)
    #expect(Mirror(before, recorder.notices).repetitions == [])
  }

  @Test func `A closure that sleeps is told what it missed`() async throws {
    let nodes = try await makeCluster("a", "b") { $0.watcherQueueLimit = 2 }
    let gate = Gate()
    let keys = Locked<[String]>([])
    let missed = Locked<[Int]>([])
    nodes[0].watch(.keySet) { _, entry in
      gate.pass()
      keys.withLock { $0.append(entry.key) }
    } onMissed: { count, _ in
      missed.withLock { $0.append(count) }
    }
    try nodes[1].set("0", "value")
    try await eventually("the closure sleeps") { gate.hasVisitor }
    for index in 1..<10 { try nodes[1].set("\(index)", "value") }
    // Of another kind, so it takes no room.
    try nodes[1].delete("0")
    try await eventually("gossip goes on") { nodes[0].version(of: "b") == 11 }
    gate.open()
    try await eventually("the closure is told of the gap") { !missed.withLock { $0.isEmpty } }
    #expect(missed.withLock { $0 } == [7])
    #expect(keys.withLock { $0 } == ["0", "1", "2"])
  }

  /// Each event has a key of one byte and a value of 99: the third would be one byte too many.
  @Test func `What waits for a watcher is bounded in bytes, to the byte`() async throws {
    for (limit, waiting) in [(200, 2), (299, 2), (300, 3)] {
      let nodes = try await makeCluster("a", "b") { $0.watcherQueueByteLimit = limit }
      let gate = Gate()
      let recorder = Recorder { _ in gate.pass() }
      nodes[0].watch(recorder)
      let value = [UInt8](repeating: 7, count: 99)
      try nodes[1].set("0", value)
      try await eventually("the watcher sleeps") { gate.hasVisitor }
      for index in 1...5 {
        try nodes[1].set("\(index)", value)
        try await eventually("it is known") { nodes[0].version(of: "b") == 1 + UInt64(index) }
      }
      gate.open()
      try await eventually("the watcher is told of the gap") { recorder.hasMissed }
      // The room is there again for what follows.
      for index in 6..<10 { try nodes[1].set("\(index)", value) }
      try await eventually("what follows arrives") { recorder.events.count >= 1 + waiting + 1 }
      let missed = recorder.notices.compactMap { notice in
        if case .missed(let count, _) = notice { count } else { nil }
      }
      #expect(missed.first == 5 - waiting, "\(limit) bytes")
      for node in nodes { node.close() }
    }
  }

  @Test func `A watcher that sleeps does not delay other loops`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    let gate = Gate()
    defer { gate.open() }
    nodes[0].watch(Recorder { _ in gate.pass() })
    let quick = Recorder()
    nodes[1].watch(quick)
    try nodes[2].set("key", "value")
    try await eventually("one sleeps and the other is told") {
      gate.hasVisitor && quick.events.count == 1
    }
  }

  @Test func `The snapshot and the events after it fit under concurrent writes`() async throws {
    let nodes = try await makeCluster("a", "b", "c")
    let keyCount = 400
    let writers = nodes[1...].map { node in
      Task {
        for index in 0..<keyCount {
          try node.set("key-\(index)", "\(index)")
          if index % 3 == 0 { try node.delete("key-\(index / 2)") }
          await Task.yield()
        }
      }
    }
    var subscriptions: [(members: [Member], recorder: Recorder)] = []
    while subscriptions.count < 20 {
      let recorder = Recorder()
      subscriptions.append((nodes[0].watch(recorder).members, recorder))
      try await Task.sleep(for: .milliseconds(2))
    }
    for writer in writers { try await writer.value }
    try await eventually("a holds what the others do", within: .seconds(40)) {
      nodes[1...].allSatisfy { nodes[0].version(of: $0.id.name) == $0.localMember.version }
    }
    let truth = Mirror(nodes[0].members)
    for (members, recorder) in subscriptions {
      try await eventually("each watcher gets to know all") {
        Mirror(members, recorder.notices) == truth
      }
      #expect(Mirror(members, recorder.notices).repetitions == [])
      #expect(!recorder.hasMissed)
    }
  }
}

extension Recorder {
  fileprivate var hasMissed: Bool {
    notices.contains { if case .missed = $0 { true } else { false } }
  }
}
