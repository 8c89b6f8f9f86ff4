/// A name that compares by its bytes.
struct PeerName: Hashable, Sendable {
  private let bytes: [UInt8]

  init(_ name: String) {
    bytes = Array(name.utf8)
  }
}
