import GrapevineCore
import Testing

private let web = MemberID(name: "web-1", generation: 7)
private let successor = MemberID(name: "web-1", generation: 8)
private let live = Entry(key: "role", value: Array("edge".utf8), version: 3)
private let tombstone = Entry(key: "zone", value: [], version: 4, isDeleted: true)

private func member(
  hasLeft: Bool = false,
  isLeaving: Bool = false,
  isDown: Bool = false,
  expiry: Duration? = nil,
  isSelf: Bool = false
) -> Member {
  Member(
    id: web,
    address: Endpoint(ipv4: 0x0A00_0001, port: 7000),
    version: 4,
    hasLeft: hasLeft,
    isLeaving: isLeaving,
    isDown: isDown,
    expiry: expiry,
    isSelf: isSelf,
    entries: [live, tombstone]
  )
}

@Suite struct `An entry` {
  @Test func `prints key, value and version`() {
    #expect(live.description == "role=edge@3")
    #expect(tombstone.description == "zone deleted@4")
    #expect(Entry(key: "k", value: [], version: 1).description == "k=@1")
    #expect(Entry(key: "k", value: [0x61, 0xFF], version: 1).description == "k=a\u{FFFD}@1")
  }

  @Test(arguments: [
    live, tombstone, Entry(key: "k", value: [0, 255], version: .max),
    Entry(key: "e\u{301}", value: [], version: 1),
  ])
  func `survives coding`(entry: Entry) throws {
    #expect(try throughJSON(entry) == entry)
  }

  @Test func `is coded under short names`() throws {
    #expect(
      try jsonText(tombstone) == #"{"deleted":true,"key":"zone","value":[],"version":4}"#
    )
  }

  @Test func `equals one of the same bytes only`() {
    #expect(
      Entry(key: "\u{E9}", value: [], version: 1) != Entry(key: "e\u{301}", value: [], version: 1)
    )
    #expect(live != Entry(key: "role", value: Array("edge".utf8), version: 4))
    #expect(live != Entry(key: "role", value: Array("core".utf8), version: 3))
    #expect(
      Entry(key: "k", value: [], version: 1)
        != Entry(key: "k", value: [], version: 1, isDeleted: true)
    )
    #expect(Set([live, Entry(key: "role", value: Array("edge".utf8), version: 3)]).count == 1)
  }
}

@Suite struct `A member` {
  @Test func `prints who, where, how and how much`() {
    #expect(member().description == "web-1#7 at 10.0.0.1:7000 (live, version 4, 1 entry)")
    #expect(
      member(isSelf: true).description
        == "web-1#7 at 10.0.0.1:7000 (live, self, version 4, 1 entry)"
    )
    #expect(
      member(isDown: true, expiry: .seconds(9)).description
        == "web-1#7 at 10.0.0.1:7000 (down, version 4, 1 entry)"
    )
    #expect(
      member(hasLeft: true, expiry: .seconds(9)).description
        == "web-1#7 at 10.0.0.1:7000 (left, version 4, 1 entry)"
    )
  }

  @Test func `is live unless it left or is down`() {
    #expect(member().isLive)
    #expect(!member(isDown: true).isLive)
    #expect(!member(hasLeft: true).isLive)
    #expect(!member(hasLeft: true, isDown: true).isLive)
  }

  @Test func `gives a live key's value, and nil for a deleted or unknown key`() {
    #expect(member()["role"] == Array("edge".utf8))
    #expect(member()["zone"] == nil)
    #expect(member()["rack"] == nil)
    #expect(member()["Role"] == nil)
  }

  @Test func `survives coding`() throws {
    for member in [
      member(), member(isSelf: true), member(isDown: true, expiry: .milliseconds(1_500)),
      member(hasLeft: true, expiry: .zero),
    ] {
      #expect(try throughJSON(member) == member)
    }
  }

  @Test func `equals one of the same name's bytes only`() {
    func named(_ name: String) -> Member {
      Member(
        id: MemberID(name: name, generation: 1),
        address: Endpoint(ipv4: 1, port: 1),
        version: 0,
        hasLeft: false,
        isLeaving: false,
        isDown: false,
        expiry: nil,
        isSelf: false,
        entries: []
      )
    }
    #expect(named("\u{E9}") == named("\u{E9}"))
    #expect(named("\u{E9}") != named("e\u{301}"))
  }
}

@Suite struct `An event` {
  private static let address = Endpoint(ipv4: 0x0A00_0002, port: 7000)

  @Test(arguments: [
    (Event.joined(web), "web-1#7 joined", web),
    (.left(web), "web-1#7 left", web),
    (.down(web), "web-1#7 is down", web),
    (.up(web), "web-1#7 is up", web),
    (.keySet(web, live), "web-1#7 set role=edge@3", web),
    (.keyDeleted(web, key: "zone", version: 4), "web-1#7 deleted zone@4", web),
    (.expired(web), "web-1#7 expired", web),
    (.replaced(web, by: successor), "web-1#8 replaced web-1#7", successor),
    (
      .nameConflict(own: web, rival: successor, address: address),
      "web-1#8 at 10.0.0.2:7000 goes by the name of web-1#7", successor
    ),
  ])
  func `prints itself, knows its member and survives coding`(
    event: Event,
    text: String,
    member: MemberID
  ) throws {
    #expect(event.description == text)
    #expect(event.member == member)
    #expect(try throughJSON(event) == event)
  }

  @Test func `of two spellings of a key is two events`() {
    let composed = Event.keyDeleted(web, key: "\u{E9}", version: 1)
    #expect(composed == .keyDeleted(web, key: "\u{E9}", version: 1))
    #expect(composed != .keyDeleted(web, key: "e\u{301}", version: 1))
  }
}

@Suite struct `A node's counters` {
  @Test func `begin at zero`() {
    let metrics = Metrics()
    #expect(metrics.packetsIn == 0)
    #expect(metrics.drops.total == 0)
    #expect(Metrics.DropReason.allCases.allSatisfy { metrics.drops[$0] == 0 })
  }

  @Test func `count drops by reason and in all`() {
    var drops = Metrics.Drops()
    for (index, reason) in Metrics.DropReason.allCases.enumerated() { drops[reason] += index + 1 }
    for (index, reason) in Metrics.DropReason.allCases.enumerated() {
      #expect(drops[reason] == index + 1)
    }
    let count = Metrics.DropReason.allCases.count
    #expect(drops.total == count * (count + 1) / 2)
  }

  @Test func `survive coding`() throws {
    var metrics = Metrics()
    metrics.packetsIn = 1
    metrics.streamBytesOut = .max
    metrics.drops[.fromSelf] = 3
    #expect(try throughJSON(metrics) == metrics)
    #expect(try throughJSON(Metrics()) != metrics)
  }

  @Test(arguments: [
    #"{"counts":[]}"#, #"{"counts":[1]}"#, "{}",
    #"{"counts":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}"#,
  ])
  func `of drops are read only where there is one for each reason`(json: String) {
    #expect(throws: DecodingError.self) {
      try fromJSON(Metrics.Drops.self, json)
    }
  }
}
