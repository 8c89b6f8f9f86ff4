@_exported public import GrapevineCore
@_exported public import GrapevineSharding
import GrapevineTransport

/// One member of a cluster: it gossips with the others, holds what they say of themselves, and says
/// what its user has it say.
///
/// All methods can be called from any thread, also from watchers; those that are not `async` are
/// short and never wait for the network. What was set is read back at once.
///
/// A node that is let go of without ``close()`` stops by itself, and others take it for crashed.
/// Neither its watchers (unless their closures hold it: capture it weakly) nor its event streams
/// hold it, so something else must: a property, or a local variable that is used to the end. An
/// optimized build lets go of a local variable after its last use, which need not be the end of its
/// scope; a `defer { node.close() }`, or ``leave(handOver:)`` as the last call, is such a use.
///
/// ```swift
/// let node = try Node()
/// defer { node.close() }
/// try await node.join(["web.example.org"])
/// for await notice in node.events() { print(notice) }
/// ```
public final class Node: Sendable {
  /// The endpoint that other members are told.
  public let address: Endpoint

  let name: String
  package let runtime: NodeRuntime
  let hub: NodeHub
  let board = PeerBoard()
  let loop: Loop
  let log: NodeLog
  let seedKeeper: SeedKeeper
  let watcherQueueLimit: Int
  let watcherQueueByteLimit: Int
  let sealing: NodeSealing?

  /// Starts a node, which is alone until it joins others or they join it.
  ///
  /// - Throws: ``NodeError``, with the code `invalidConfiguration`, `addressInUse`,
  ///   `addressUnavailable`, `permissionDenied` or `systemFailure`, that names the value.
  public init(_ configuration: Configuration = Configuration()) throws(NodeError) {
    do {
      try configuration.validate()
    } catch {
      throw NodeError(error)
    }
    loop = if let shared = configuration.loop { shared } else { try Loop() }
    name = configuration.name ?? Self.randomName()
    watcherQueueLimit = configuration.watcherQueueLimit
    watcherQueueByteLimit = configuration.watcherQueueByteLimit
    log = NodeLog(sink: configuration.logSink, node: name, thread: loop.delivery)
    seedKeeper = SeedKeeper(
      seeds: configuration.seeds,
      longestPause: configuration.seedInterval,
      shortestPause: configuration.gossip.interval,
      nameLimit: configuration.gossip.seedLimit,
      resolver: loop.resolver,
      log: log
    )
    hub = NodeHub(log: log, board: board) { [seedKeeper] in seedKeeper.peerWasLost() }
    let id = MemberID(
      name: name,
      generation: configuration.generation ?? WallClock.millisecondsSince1970()
    )
    sealing = configuration.sealer.map { [log] in
      NodeSealing(
        sealer: $0,
        mode: configuration.sealingMode,
        label: configuration.gossip.label,
        log: log
      )
    }
    (runtime, address) = try configuration.makeRuntime(
      for: id,
      on: loop,
      delegate: hub,
      sealing: sealing
    )
    do {
      try runtime.start()
    } catch {
      throw NodeError(error, value: configuration.bind)
    }
    board.start(runtime: runtime, thread: loop.delivery)
    followKeys()
    do {
      try seedKeeper.start(runtime: runtime, hub: hub, ownAddress: address)
    } catch {
      stop()
      throw NodeError(error, value: name)
    }
    log.write(
      .info,
      "started",
      [
        "generation": "\(id.generation)", "address": address.description,
        "label": configuration.gossip.label ?? "none",
        "sealing": sealing?.mode.rawValue ?? "none",
      ]
    )
  }

  deinit {
    stop()
  }

  /// Nine lower-case letters and digits from the system's secure source.
  private static func randomName() -> String {
    let characters = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
    var source = SystemRandomNumberGenerator()
    let bytes = (0..<9).map { _ in
      characters[Int.random(in: characters.indices, using: &source)]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
