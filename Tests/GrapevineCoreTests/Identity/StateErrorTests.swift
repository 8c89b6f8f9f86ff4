import GrapevineCore
import Testing

@Suite struct `A refused change` {
  @Test(arguments: [
    (StateError.emptyKey, "a key must have at least 1 byte"),
    (
      .keyTooLong(key: String(repeating: "k", count: 1_025), size: 1_025, limit: 1_024),
      "the key “\(String(repeating: "k", count: 40))…” has 1025 bytes: at most 1024 are allowed"
    ),
    (
      .reservedKey(key: "grapevine:leaving"),
      "the key “grapevine:leaving” begins with “grapevine:”, which is reserved"
    ),
    (
      .valueTooLarge(key: "logo", size: 1_048_577, limit: 1_048_576),
      "the value of “logo” has 1048577 bytes: at most 1048576 are allowed"
    ),
    (
      .tooManyEntries(limit: 1_000_000),
      "a member holds at most 1000000 entries, deleted ones included until they are compacted"
    ),
    (
      .timeToLiveNotPositive(key: "lease", timeToLive: .seconds(-2)),
      "the time to live of “lease” is -2.0 seconds: it must be positive"
    ),
    (.hasLeft, "the node has left: its state can't change any more"),
    (
      .nameTaken(by: MemberID(name: "web-1", generation: 8)),
      "the live member web-1#8 goes by this node's name"
    ),
  ])
  func `says what was wrong, and names the value`(error: StateError, text: String) {
    #expect(error.description == text)
    #expect("\(error)" == text)
  }
}

@Suite struct `A change` {
  @Test func `to text is one to the text's bytes`() {
    #expect(Change.set("k", to: "é") == .set(key: "k", value: [0xC3, 0xA9], timeToLive: nil))
    #expect(Change.set("k", to: "") == .set(key: "k", value: []))
    #expect(Change.set("k", to: "") != .delete(key: "k"))
  }

  @Test func `of two spellings of a key is two changes`() {
    #expect(Change.delete(key: "\u{E9}") != .delete(key: "e\u{301}"))
    #expect(Change.set("\u{E9}", to: "") != .set("e\u{301}", to: ""))
  }
}
