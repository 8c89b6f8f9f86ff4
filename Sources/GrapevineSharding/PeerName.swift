/// A name that compares by its bytes.
struct PeerName: Hashable, Sendable {
  let bytes: [UInt8]

  init(_ name: String) {
    bytes = Array(name.utf8)
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}
