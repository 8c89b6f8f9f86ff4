import GrapevineCore
import GrapevineTransport

/// Keeps a node in touch with the host names it was given: they are resolved again and again, and
/// what is found there and not known is joined.
///
/// That heals a split, and brings back a node that was cut off for so long that all others expired.
/// An address that they lead to no more is forgotten: it may be a stranger's by now.
/// It starts its thread when there is a first name to look after.
final class SeedKeeper: Sendable {
  /// The most unknown endpoints that are contacted at a time: of those given as addresses, and of
  /// those that names led to.
  private static var contactLimit: Int { 16 }

  fileprivate struct State {
    var names: [PeerAddress] = []
    /// What the seeds told when they last had anything to tell.
    var told: Set<PeerAddress> = []
    /// Where each name and seed led to when it last led anywhere.
    var found: [PeerAddress: Set<Endpoint>] = [:]
    /// Endpoints that were given as such, and are not forgotten.
    var given: Set<Endpoint> = []
    /// Endpoints that are the node's own.
    var own: Set<Endpoint> = []
    /// Endpoints that led to the node itself, each until it is tried again: behind an address that
    /// several share another may answer then.
    var reflecting: [Endpoint: Instant] = [:]
    /// Endpoints that are being joined: one that is silent must not have all streams to itself.
    var underWay: Set<Endpoint> = []
    var node: (runtime: NodeRuntime, hub: NodeHub)?
    var isRunning = false
    var peerWasLost = false
    var isStopped = false
  }

  /// What is to be asked once where it leads to.
  private struct Addresses {
    /// What the seeds told; nil if there are none, or they had nothing to tell.
    var told: Set<PeerAddress>?
    /// That, and the names.
    var all: Set<PeerAddress>

    /// Those that need not be resolved.
    var literal: Set<Endpoint> {
      Set(all.compactMap { if case .endpoint(let endpoint) = $0 { endpoint } else { nil } })
    }
  }

  /// What came of asking the seeds and the names once.
  fileprivate struct Finding {
    /// Nil if there are no seeds, or they had nothing to tell.
    var told: Set<PeerAddress>?
    /// Without those that did not resolve.
    var endpoints: [PeerAddress: Set<Endpoint>] = [:]

    var all: Set<Endpoint> { endpoints.values.reduce(into: []) { $0.formUnion($1) } }
  }

  private enum Wake {
    case due
    case peerWasLost
    case stopped
  }

  private let seeds: (@Sendable () -> [String])?
  /// The pause while a peer is live, and the longest while none is.
  private let longestPause: Duration
  private let shortestPause: Duration
  /// The most names that are remembered; the oldest goes first.
  private let nameLimit: Int
  private let resolver: Resolver
  private let log: NodeLog
  private let state = Locked(State())

  init(
    seeds: (@Sendable () -> [String])?,
    longestPause: Duration,
    shortestPause: Duration,
    nameLimit: Int,
    resolver: Resolver,
    log: NodeLog
  ) {
    self.seeds = seeds
    self.longestPause = longestPause
    self.shortestPause = min(shortestPause, longestPause)
    self.nameLimit = nameLimit
    self.resolver = resolver
    self.log = log
  }
}

extension SeedKeeper {
  /// Begins to ask the seeds, if there are any.
  func start(
    runtime: NodeRuntime,
    hub: NodeHub,
    ownAddress: Endpoint
  ) throws(SystemError) {
    state.withLock { state in
      state.node = (runtime, hub)
      state.own = [ownAddress, runtime.boundEndpoint]
    }
    if seeds != nil { try startThread() }
  }

  /// Looks after `name` too from now on.
  func remember(_ name: PeerAddress) {
    state.withLock { state in
      guard !state.names.contains(name) else { return }
      if state.names.count == nameLimit { state.names.removeFirst() }
      state.names.append(name)
    }
    do {
      try startThread()
    } catch {
      log.write(.error, "no thread for the seeds", ["reason": "\(error)"])
    }
  }

  /// Notes where a name led to when it was joined.
  func noteFound(_ endpoints: [Endpoint], of name: PeerAddress) {
    state.withLock { $0.found[name, default: []].formUnion(endpoints) }
  }

  /// Notes an address that was given as such.
  func noteGiven(_ endpoint: Endpoint) {
    state.withLock { state in
      if state.given.count < nameLimit { state.given.insert(endpoint) }
    }
  }

  /// Says that a peer left or went down, so that the node may be alone now.
  func peerWasLost() {
    state.withLockNotifying { $0.peerWasLost = true }
  }

  /// Ends the thread, as soon as the seeds and the resolver let it.
  func stop() {
    state.withLockNotifying { state in
      state.isStopped = true
      state.node = nil
    }
  }

  private func startThread() throws(SystemError) {
    let mustStart = state.withLock { state in
      guard !state.isRunning, !state.isStopped else { return false }
      state.isRunning = true
      return true
    }
    guard mustStart else { return }
    do {
      try NativeThread.start(name: "grapevine-seeds") { self.run() }
    } catch {
      state.withLock { $0.isRunning = false }
      throw error
    }
  }
}

// What the thread does.
extension SeedKeeper {
  private func run() {
    var lastAsked = MonotonicClock.now()
    var pause = shortestPause
    // Without seeds it is a name that `join` is looking up right now.
    var due = seeds == nil ? lastAsked + pause : lastAsked
    while true {
      switch waitUntil(due) {
      case .stopped:
        return
      case .peerWasLost:
        guard isAlone else { continue }
        pause = shortestPause
        due = min(due, lastAsked + pause)
      case .due:
        guard takesPart else { return }
        contactUnknown()
        lastAsked = MonotonicClock.now()
        due = lastAsked + jittered(isAlone ? pause : longestPause)
        pause = isAlone ? min(pause * 2, longestPause) : shortestPause
      }
    }
  }

  private func waitUntil(_ due: Instant) -> Wake {
    let limit = Duration.nanoseconds(due.since(MonotonicClock.now()))
    return state.wait(atMost: limit) { state in
      if state.isStopped { return .stopped }
      guard state.peerWasLost else { return nil }
      state.peerWasLost = false
      return .peerWasLost
    } ?? .due
  }

  /// The pause within 10 % each way, so that nodes that started together drift apart.
  private func jittered(_ pause: Duration) -> Duration {
    pause * Int.random(in: 90...110) / 100
  }

  private var isAlone: Bool {
    guard let (runtime, _) = state.withLock({ $0.node }) else { return false }
    return runtime.inspectEngine { engine, _ in engine.liveMemberCount } <= 1
  }

  /// Says whether the node still has a use for others: one that left, or gave way to another under
  /// its name, joins nobody.
  private var takesPart: Bool {
    state.withLock { $0.node }?.hub.status == .active
  }

  private func contactUnknown() {
    let addresses = ask()
    // What is an address already waits for no name.
    contactUnknown(among: addresses.literal)
    let finding = Finding(told: addresses.told, endpoints: endpoints(of: addresses.all))
    guard let (runtime, _) = state.withLock({ $0.node }) else { return }
    let gone = state.withLock { $0.take(finding) }
    if !gone.isEmpty { runtime.withEngine { engine, now in engine.removeSeeds(gone, now: now) } }
    contactUnknown(among: finding.all.subtracting(addresses.literal))
  }

  private func contactUnknown(among endpoints: Set<Endpoint>) {
    guard !endpoints.isEmpty, let (runtime, hub) = state.withLock({ $0.node }) else { return }
    let members = runtime.inspectEngine { engine, now in engine.memberSummaries(now: now) }
    let live = members.filter(\.isLive).map(\.address)
    let known = state.withLock { $0.known(at: MonotonicClock.now()) }.union(live)
    // Those that are left over have their turn when these are known, or by the next draw.
    for endpoint in endpoints.subtracting(known).shuffled().prefix(Self.contactLimit) {
      state.withLock { _ = $0.underWay.insert(endpoint) }
      runtime.withEngine { engine, now in
        let ticket = engine.join(endpoint, now: now)
        _ = hub.expect(ticket) { self.finish(endpoint, $0) }
      }
    }
  }

  private func finish(_ endpoint: Endpoint, _ outcome: JoinOutcome) {
    state.withLock { state in
      state.underWay.remove(endpoint)
      if outcome == .isSelf { state.reflecting[endpoint] = MonotonicClock.now() + longestPause }
    }
    guard case .failed(let reason) = outcome, reason != .closed else { return }
    let address = endpoint.description
    log.write(
      .debug,
      AddressFailure(address: address, endpoint: endpoint, reason: .notJoined(reason))
    )
  }

  /// Asks the seeds, which may take their time.
  private func ask() -> Addresses {
    let (names, port) = state.withLock { ($0.names, $0.node?.runtime.boundEndpoint.port ?? 0) }
    let texts = seeds?() ?? []
    var told: Set<PeerAddress> = []
    for text in texts {
      if let address = PeerAddress(text, defaultPort: port) {
        told.insert(address)
      } else {
        log.write(.warning, "a seed is not an address", ["seed": text])
      }
    }
    return Addresses(told: texts.isEmpty ? nil : told, all: told.union(names))
  }

  /// Resolves all names side by side and waits for the last of them.
  private func endpoints(of addresses: Set<PeerAddress>) -> [PeerAddress: Set<Endpoint>] {
    var endpoints: [PeerAddress: Set<Endpoint>] = [:]
    var nameCount = 0
    let answers = Locked<[(PeerAddress, Resolver.Answer)]>([])
    for address in addresses {
      switch address {
      case .endpoint(let endpoint): endpoints[address] = [endpoint]
      case .host(let host, let port):
        nameCount += 1
        resolver.resolve(host, port: port) { answer in
          answers.withLockNotifying { $0.append((address, answer)) }
        }
      }
    }
    for (name, answer) in answers.wait(until: { $0.count == nameCount ? $0 : nil }) {
      switch answer {
      case .success(let found): endpoints[name] = Set(found)
      case .failure(let error):
        log.write(.warning, "a name does not resolve", ["reason": "\(error)"])
      }
    }
    return endpoints
  }
}

extension SeedKeeper.State {
  /// What is not to be contacted now whoever may be there: the node's own addresses, and those that
  /// are being joined.
  fileprivate mutating func known(at now: Instant) -> Set<Endpoint> {
    reflecting = reflecting.filter { $0.value > now }
    return own.union(underWay).union(reflecting.keys)
  }

  /// Takes note of what was found; returns what nothing leads to any more.
  ///
  /// A name that did not resolve leads to where it led before, and so do seeds that had nothing to
  /// tell. What is asked for no more leads nowhere.
  fileprivate mutating func take(_ finding: SeedKeeper.Finding) -> Set<Endpoint> {
    func known() -> Set<Endpoint> { found.values.reduce(into: []) { $0.formUnion($1) } }
    let before = known()
    if let told = finding.told { self.told = told }
    found.merge(finding.endpoints) { _, new in new }
    let asked = told.union(names)
    found = found.filter { asked.contains($0.key) }
    return before.subtracting(known()).subtracting(given)
  }
}
