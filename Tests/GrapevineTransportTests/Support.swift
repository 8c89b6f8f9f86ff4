import Glibc
import GrapevineCore
import GrapevineTransport
import Testing

/// How long a test waits for what should take a moment; reached only when something is broken.
let patience = Duration.seconds(20)

let loopback4 = Endpoint(ipv4: 0x7F00_0001, port: 0)
let loopback6 = Endpoint(ipv6: 0, 1, port: 0)

/// What streams are made on, which behave alike: the machine's loopback, and a memory network.
struct Ground: Sendable, CustomTestStringConvertible {
  let address: Endpoint
  let network: MemorySwitch?

  static let all = [
    Ground(address: loopback4, network: nil), Ground(address: loopback6, network: nil),
    Ground(address: loopback4, network: MemorySwitch()),
  ]

  var testDescription: String { network == nil ? "\(address)" : "memory" }

  func listen() throws -> StreamListener {
    guard let network else { return try StreamListener(bind: address) }
    return try StreamListener(bind: address, on: network)
  }

  func connect(to endpoint: Endpoint) throws -> StreamConnection {
    guard let network else { return try StreamConnection(connectingTo: endpoint) }
    return try StreamConnection(connectingTo: endpoint, from: address, on: network)
  }
}

/// A test's condition that did not come true.
struct NeverHappened: Error {}

extension Locked {
  /// Waits for something that another thread will make true.
  func eventually<Result>(_ body: (inout Value) -> Result?) throws -> Result {
    guard let result = wait(atMost: patience, until: body) else { throw NeverHappened() }
    return result
  }
}

/// Asks again and again, for what no thread announces.
func eventually(_ condition: () -> Bool) -> Bool {
  let end = MonotonicClock.now() + patience
  while !condition() {
    guard MonotonicClock.now() < end else { return false }
    usleep(500)
  }
  return true
}

/// What this package can leave behind in a process: descriptors of its kinds, and threads of its
/// names.
struct ProcessResources {
  private(set) var descriptors: [String] = []
  private(set) var threads: [String] = []

  /// More than the testing library opens or closes in the meantime, and less than what is left
  /// behind where each of the things that a test made keeps one descriptor.
  static let tolerance = 8

  init() {
    for name in Self.entries(of: "/proc/self/fd") {
      let target = Self.target(of: "/proc/self/fd/" + name)
      let isOurKind = target.hasPrefix("socket:") || target.hasPrefix("anon_inode:")
      if isOurKind { descriptors.append(target) }
    }
    for name in Self.entries(of: "/proc/self/task") {
      let thread = Self.contents(of: "/proc/self/task/" + name + "/comm")
      if thread.hasPrefix("grapevine") { threads.append(thread) }
    }
  }

  /// Says whether no more is there than `before`, which was followed by making more than
  /// `tolerance` things.
  func hasNoLeak(since before: ProcessResources) -> Bool {
    threads.count <= before.threads.count
      && descriptors.count <= before.descriptors.count + Self.tolerance
  }

  private static func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names
  }

  private static func target(of path: String) -> String {
    let bytes = [UInt8](unsafeUninitializedCapacity: 200) { buffer, count in
      let start = UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
      guard let start else { return }
      count = max(0, readlink(path, start, buffer.count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func contents(of path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 200) { buffer, count in
      count = fread(buffer.baseAddress, 1, buffer.count, file)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A client of an event loop whose calls are closures over some state of the test's.
final class TestClient<State>: EventLoopClient {
  let state: Locked<State>
  private let onAttach:
    @Sendable (inout State, EventLoop.Context, ClientID) throws(SystemError) -> Void
  private let onReady: @Sendable (inout State, UInt64, Readiness, EventLoop.Context) -> Void
  private let onDeadline: @Sendable (inout State, EventLoop.Context) -> Void
  private let onPoke: @Sendable (inout State, EventLoop.Context) -> Void
  private let onDetach: @Sendable (inout State, EventLoop.Context) -> Void

  init(
    _ state: sending State,
    onAttach:
      @escaping @Sendable (
        inout State, EventLoop.Context, ClientID
      ) throws(SystemError) -> Void = { _, _, _ in },
    onReady:
      @escaping @Sendable (
        inout State, UInt64, Readiness, EventLoop.Context
      ) -> Void = { _, _, _, _ in },
    onDeadline: @escaping @Sendable (inout State, EventLoop.Context) -> Void = { _, _ in },
    onPoke: @escaping @Sendable (inout State, EventLoop.Context) -> Void = { _, _ in },
    onDetach: @escaping @Sendable (inout State, EventLoop.Context) -> Void = { _, _ in }
  ) {
    self.state = Locked(state)
    self.onAttach = onAttach
    self.onReady = onReady
    self.onDeadline = onDeadline
    self.onPoke = onPoke
    self.onDetach = onDetach
  }

  func attach(to context: EventLoop.Context, as id: ClientID) throws(SystemError) {
    try state.withLockNotifying { (state) throws(SystemError) in
      try onAttach(&state, context, id)
    }
  }

  func ready(_ source: UInt64, _ readiness: Readiness, in context: EventLoop.Context) {
    state.withLockNotifying { onReady(&$0, source, readiness, context) }
  }

  func deadlineReached(in context: EventLoop.Context) {
    state.withLockNotifying { onDeadline(&$0, context) }
  }

  func poked(in context: EventLoop.Context) {
    state.withLockNotifying { onPoke(&$0, context) }
  }

  func detach(from context: EventLoop.Context) {
    state.withLockNotifying { onDetach(&$0, context) }
  }
}
