import Grapevine

#if ServiceLifecycle
  import Logging
  import ServiceLifecycle

  var server: any Service { preconditionFailure("a piece of documentation is run") }

  var logger: Logger { Logger(label: "documentation") }
#endif

// What the pieces of Swift in the documentation leave to their reader. They are compiled, and not
// run: but for what is a test, nothing here is ever called.

var node: Node { preconditionFailure("a piece of documentation is run") }

var configuration: Node.Configuration {
  get { Node.Configuration() }
  set { _ = newValue }
}

var ring: LockRing { preconditionFailure("a piece of documentation is run") }

var secret: String { "" }

func serve(_ shard: String, fencing epoch: UInt64) async throws {}

/// A peer of a ring without a cluster.
struct Server: ShardPeer {
  var name: String
  var state = PeerState.participant
}

var servers: [Server] { [] }
