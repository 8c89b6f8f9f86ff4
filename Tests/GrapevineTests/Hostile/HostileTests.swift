import Pacing
import Testing

/// What attackers on the network can do to a node, on real sockets: each attack is made on a node
/// in a process of its own, whose memory and descriptors are read from outside.
///
/// `FULL=1` runs the sizes that the defaults are made for.
@Suite(.serialized, .alone, .nodesStay, .timeLimit(.minutes(10))) enum HostileTests {}
