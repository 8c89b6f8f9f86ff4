import Glibc
import Grapevine
import GrapevineCore
import GrapevineTransport
import ShiftedClock

// What tests of faults need more: state of any size, what the sockets counted, and ways to take
// from the process what the system gives it.
extension NodeProcess {
  /// Obeys one line; returns false if it does not know the command.
  static func obeyFault(_ words: [String], _ node: Node) throws -> Bool {
    let numbers = words.compactMap { Int($0) }
    switch words.first {
    case "fill" where words.count == 4 && numbers.count == 2:
      // fill PREFIX COUNT SIZE
      let changes = (0..<numbers[0]).map { index in
        Change.set(key: "\(words[1])-\(index)", value: randomBytes(numbers[1]))
      }
      say("version \(try node.update(changes))")
    case "lease" where words.count == 3 && numbers.count == 1:
      // lease KEY MILLISECONDS
      say("version \(try node.set(words[1], "leased", timeToLive: .milliseconds(numbers[0])))")
    case "state":
      say("state \(node.fingerprint) live \(node.liveMemberCount) known \(node.memberCount)")
    case "size" where words.count == 3:
      let value = node.value(of: words[2], member: words[1])
      say("size \(value.map { "\($0.count)" } ?? "none")")
    case "address-of" where words.count == 2:
      say("address-of \(node.member(named: words[1])?.address.description ?? "nobody")")
    case "transport":
      say("transport \(transport(of: node))")
    case "descriptors" where numbers.count == 1:
      Limits.leaveDescriptors(numbers[0])
      say("descriptors \(numbers[0])")
    case "start-others":
      say("started \(startWithFewDescriptors())")
    case "send-buffer" where numbers.count == 1:
      say("send-buffer \(Limits.setSendBuffers(to: CInt(numbers[0])))")
    case "step-wall" where numbers.count == 1:
      WallClockShift.step(milliseconds: numbers[0])
      say("wall \(WallClock.millisecondsSince1970())")
    default:
      return false
    }
    return true
  }

  /// Starts further nodes with no descriptor to be had, with one, and so on until one starts; says
  /// how many that takes, which errors came before, and how many descriptors are left open.
  private static func startWithFewDescriptors() -> String {
    let before = Limits.openCount
    var codes: Set<String> = []
    for count in 0..<100 {
      Limits.leaveDescriptors(count)
      do {
        var configuration = Node.Configuration()
        configuration.bind = "127.0.0.1:0"
        try Node(configuration).close()
        Limits.leaveDescriptors(100)
        // The loops' threads free theirs when they end.
        let deadline = MonotonicClock.now() + .seconds(5)
        while Limits.openCount > before, MonotonicClock.now() < deadline { usleep(1_000) }
        return "with \(count) left \(Limits.openCount - before) after \(codes.sorted())"
      } catch {
        codes.insert("\(error.code)")
      }
    }
    return "never after \(codes.sorted())"
  }

  /// Bytes that no compression on the way could shrink.
  private static func randomBytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max) }
  }

  private static func transport(of node: Node) -> String {
    let metrics = node.transportMetrics
    return """
      withoutRoom \(metrics.sendsWithoutRoom) withoutMemory \(metrics.sendsWithoutMemory) \
      refused \(metrics.sendsRefused) unreachable \(metrics.sendsUnreachable) \
      tooLarge \(metrics.sendsTooLarge) forbidden \(metrics.sendsForbidden) \
      otherwise \(metrics.sendsFailedOtherwise) receivesFailed \(metrics.receivesFailed) \
      acceptsFailed \(metrics.acceptsFailed) acceptsExhausted \(metrics.acceptsExhausted)
      """
  }
}

/// The wall clock of this process, which `ShiftedClock` gives it.
enum WallClockShift {
  static func step(milliseconds: Int) {
    shifted_clock_step(Int64(milliseconds))
  }
}

/// What the system grants this process.
private enum Limits {
  /// Lowers, or raises, the limit of descriptors so that `count` more can be opened.
  static func leaveDescriptors(_ count: Int) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var next: CInt = 0
    var left = count
    // The system gives the lowest that is free, and refuses only numbers from the limit on.
    while left > 0 || isOpen(next) {
      if !isOpen(next) { left -= 1 }
      next += 1
    }
    limit.rlim_cur = rlim_t(next)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  static var openCount: Int { (0..<CInt(4_096)).count { isOpen($0) } }

  /// Has the kernel give every UDP socket so little room, or as little as it lets; returns it.
  static func setSendBuffers(to size: CInt) -> CInt {
    var granted: CInt = 0
    for descriptor: CInt in 0..<256 {
      var type: CInt = 0
      var length = socklen_t(MemoryLayout<CInt>.size)
      guard getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0,
        type == CInt(SOCK_DGRAM.rawValue)
      else { continue }
      var size = size
      setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, length)
      getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &granted, &length)
    }
    return granted
  }

  private static func isOpen(_ descriptor: CInt) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }
}
