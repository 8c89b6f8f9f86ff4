import Pacing
import Testing

/// What the seal of a node keeps others from, on real sockets.
///
/// With the trait `Encryption` the keys are those of `Keyring`; without it, of a toy that hides and
/// authenticates well enough to show that the node around it does its part.
@Suite(.serialized, .alone, .nodesStay, .timeLimit(.minutes(5))) enum EncryptionTests {}
