import Glibc
import Grapevine
import GrapevineTransport
import Testing

/// A node in a process of its own that is attacked, and two honest ones in this process.
struct Arena: Sendable {
  /// By how much the attacked node's memory may grow.
  static let memoryLimit = 32 << 20
  /// How much of it may be in use when the attack is over: tables that grew, and members that are
  /// not forgotten yet.
  static let memoryRest = 6 << 20
  /// How long the attacked node lets a stream be silent.
  static let streamTimeout = Duration.milliseconds(hasFullSize ? 10_000 : 1_000)
  /// Under a sanitizer an attack that takes memory stops the node for a second.
  static let interval = Duration.milliseconds(hasFullSize ? 500 : isSanitized ? 400 : 100)

  /// `FULL=1` runs the sizes that the defaults are made for, which take minutes.
  static var hasFullSize: Bool { getenv("FULL") != nil }

  /// Says that a sanitizer is in the program, which takes more memory than all attacks.
  static let isSanitized = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil

  let victim: ChildNode
  let honest: [Node]
  let target: Endpoint
  /// What the victim was called when the attack began.
  let victimID: MemberID
  let watch: ProcessWatch
  /// What the packets of all three go by.
  let transport: Node.Transport
  private let downs: Locked<[MemberID]>
  /// What went wrong on an attacker's thread, which no test is known on.
  private let complaints = Locked<[String]>([])

  /// The sealer is that of the honest ones, where the options give the victim the same keys.
  init(
    options: [String] = [],
    sealer: (any PacketSealer)? = nil,
    transport: Node.Transport = .datagramsAndStreams,
    interval: Duration = Self.interval,
    expiry: Duration = .seconds(1)
  ) async throws {
    self.transport = transport
    let timeout = Self.streamTimeout.wholeNanoseconds / 1_000_000
    victim = try ChildNode(
      "victim",
      interval: interval,
      expiry: expiry,
      options: ["stream-timeout=\(timeout)"] + options
        + (transport == .streams ? ["tcp-only"] : []),
      // Of a thread's own heap malloc_trim(3) leaves megabytes of what is free.
      launcher: ["env", "MALLOC_ARENA_MAX=1"]
    )
    let address = try await victim.address()
    target = try #require(Endpoint(address))
    let downs = Locked<[MemberID]>([])
    self.downs = downs
    var honest: [Node] = []
    for name in ["honest-b", "honest-c"] {
      let node = try makeNode(name) {
        $0.gossip.interval = interval
        $0.gossip.memberExpiry = expiry
        $0.sealer = sealer
        $0.transport = transport
      }
      node.watch(.down) { member in downs.withLock { $0.append(member) } }
      try await node.join([address])
      honest.append(node)
    }
    self.honest = honest
    try await eventually("all know all") { honest.allSatisfy { $0.liveMemberCount == 3 } }
    victimID = try #require(honest[0].member(named: "victim")?.id)
    let words = try await victim.ask("process", answer: "process").words
    watch = ProcessWatch(process: try #require(pid_t(words[1])))
    try await exchange()
  }

  /// Lets the attacked node hear of an honest one and the other way round; returns the longer of
  /// the two times in nanoseconds.
  @discardableResult
  func exchange(within limit: Duration = .seconds(40)) async throws -> UInt64 {
    let start = MonotonicClock.now()
    let text = "\(start.nanoseconds)"
    try honest[0].set("news-\(text)", text)
    victim.tell("set answer \(text)")
    var times: [UInt64?] = [nil, nil]
    try await eventually("news pass both ways", within: limit) {
      if times[0] == nil, let line = hasHeard("news-\(text)", of: "honest-b", after: start) {
        times[0] = line.time.since(start)
      }
      if times[1] == nil, honest[1].text(of: "answer", member: "victim") == text {
        times[1] = MonotonicClock.now().since(start)
      }
      return times[0] != nil && times[1] != nil
    }
    return max(times[0] ?? 0, times[1] ?? 0)
  }

  private func hasHeard(_ key: String, of name: String, after time: Instant) -> ChildNode.Line? {
    victim.lines.last { line in
      line.time > time && line.words.count == 4 && line.words[1] == "set"
        && line.words[2].hasPrefix(name + "#") && line.words[3] == key[...]
    }
  }

  /// How often someone honest was called down by someone honest.
  var falseDownCount: Int {
    let members = ["victim", "honest-b", "honest-c"]
    let here = downs.withLock { $0 }.count { members.contains($0.name) }
    return here
      + victim.lines.count { line in
        line.text.hasPrefix("event down ")
          && members.contains { line.words[2].hasPrefix($0 + "#") }
      }
  }

  /// Notes what an attacker's thread found wrong; the test fails when the attack is over.
  func complain(_ complaint: String) {
    complaints.withLock { $0.append(complaint) }
  }

  /// The number that follows `word` in the attacked node's counters.
  func counter(_ word: Substring) async throws -> Int {
    let words = try await victim.ask("counters", answer: "counters").words
    let index = try #require(words.firstIndex(of: word))
    return try #require(Int(words[index + 1]))
  }

  /// What the attacked node holds for others, by the words of the answer.
  func holdings() async throws -> [Substring: Int] {
    let words = try await victim.ask("holdings", answer: "holdings").words.dropFirst()
    var held: [Substring: Int] = [:]
    for (name, value) in zip(words, words.dropFirst()) { held[name] = Int(value) }
    return held.filter { Int($0.key) == nil }
  }

  /// The attacked node's own memory once what is free was given back.
  func memoryInUse() async throws -> Int {
    try await victim.ask("trim", answer: "trimmed")
    return watch.privateMemory
  }

  /// What a failed test needs to know.
  var transcript: String { victim.lines.suffix(40).map(\.description).joined(separator: "\n") }
}

/// What was seen of an attack.
struct Damage {
  var memoryBefore = 0
  /// Without what was free.
  var memoryInUseBefore = 0
  var memoryPeak = 0
  var descriptorsBefore = 0
  /// The longest time that news took while the attack went on, in nanoseconds.
  var slowestNews: UInt64 = 0
  var newsCount = 0

  var growth: Int { memoryPeak - memoryBefore }
}

extension Arena {
  /// Runs an attack on a thread of its own while news goes on between the honest and the attacked,
  /// and demands what holds of every attack: memory within its limit, news meanwhile and after, and
  /// no descriptor left behind; and unless it `allowsDowns`, that nobody honest is called down.
  @discardableResult
  func withstand(
    _ name: String,
    allowsDowns: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ attack: @escaping @Sendable () -> Void
  ) async throws -> Damage {
    var damage = Damage()
    damage.memoryInUseBefore = try await memoryInUse()
    damage.memoryBefore = watch.memory
    damage.descriptorsBefore = watch.descriptorCount
    watch.resetPeak()
    let isOver = Locked(false)
    try NativeThread.start(name: "attacker") {
      attack()
      isOver.withLock { $0 = true }
    }
    repeat {
      damage.slowestNews = max(damage.slowestNews, try await exchange())
      damage.newsCount += 1
      // The news are no attack of their own.
      try await Task.sleep(for: .milliseconds(20))
    } while !isOver.withLock { $0 }
    let after = try await exchange()
    damage.memoryPeak = watch.memoryPeak
    let downs = falseDownCount
    print(
      """
      hostile: \(name): memory \(Self.mebibytes(damage.memoryBefore)) + \
      \(Self.mebibytes(damage.growth)) of \(Self.mebibytes(Self.memoryLimit)) MiB, \
      \(damage.newsCount) news in at most \(damage.slowestNews / 1_000_000) ms, \
      after it \(after / 1_000_000) ms, false downs \(downs)
      """
    )
    let complaints = complaints.withLock { $0 }
    #expect(complaints == [], "\(name)", sourceLocation: sourceLocation)
    #expect(damage.memoryBefore > 0)
    let isWithinLimit = damage.growth <= Self.memoryLimit || Self.isSanitized
    #expect(isWithinLimit, "\(name)", sourceLocation: sourceLocation)
    if !allowsDowns { #expect(downs == 0, "\(transcript)", sourceLocation: sourceLocation) }
    try await eventually("\(name): descriptors are free", within: Self.streamTimeout * 6) {
      watch.descriptorCount <= damage.descriptorsBefore + 2
    }
    try await expectRelease(name, damage, sourceLocation: sourceLocation)
    return damage
  }

  /// Demands that nothing is left of what was held for an attacker but members, who are forgotten
  /// in their own time.
  private func expectRelease(
    _ name: String,
    _ damage: Damage,
    sourceLocation: SourceLocation
  ) async throws {
    // Those of the honest ones come and go.
    let limits: [(name: Substring, most: Int)] = [
      ("streams", 4), ("streamBytes", 1 << 16), ("stagedBytes", 0), ("packets", 16),
      ("questions", 32), ("buried", 4_096),
    ]
    let end = MonotonicClock.now() + Self.streamTimeout * 6 + .seconds(20)
    var held = try await holdings()
    var rest = try await memoryInUse() - damage.memoryInUseBefore
    func isReleased() -> Bool {
      limits.allSatisfy { limit in held[limit.name, default: .max] <= limit.most }
        && (rest <= Self.memoryRest || Self.isSanitized)
    }
    while !isReleased(), MonotonicClock.now() < end {
      try await Task.sleep(for: .milliseconds(50))
      held = try await holdings()
      rest = try await memoryInUse() - damage.memoryInUseBefore
    }
    print("hostile: \(name): then \(Self.mebibytes(rest)) MiB more in use than before, \(held)")
    #expect(isReleased(), "\(name): \(rest) bytes, \(held)", sourceLocation: sourceLocation)
  }

  private static func mebibytes(_ bytes: Int) -> String {
    let tenths = bytes * 10 / (1 << 20)
    return "\(tenths / 10).\(abs(tenths % 10))"
  }
}
