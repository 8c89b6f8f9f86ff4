import FoundationEssentials
import GrapevineSharding
import Testing

/// What part a member has in owning keys.
struct PeerStateTests {
  @Test func `a viewer becomes a participant, and that terminates; nothing else`() {
    for from in PeerState.allCases {
      for to in PeerState.allCases {
        let isLegal =
          (from, to) == (.viewer, .participant) || (from, to) == (.participant, .terminating)
        #expect((try? from.checkTransition(to: to)) != nil || !isLegal)
        guard !isLegal else { continue }
        let error = #expect(throws: StateTransitionError.self) {
          try from.checkTransition(to: to)
        }
        #expect(error == StateTransitionError(from: from, to: to))
      }
    }
    let error = StateTransitionError(from: .participant, to: .viewer)
    #expect(error.description == "invalid transition from participant to viewer")
  }

  @Test func `who owns for whom`() {
    #expect(PeerState.allCases.map { $0.isEligible(for: .read) } == [false, true, true])
    #expect(PeerState.allCases.map { $0.isEligible(for: .readWrite) } == [false, true, false])
  }

  @Test func `its number and its name are ckit's`() throws {
    #expect(PeerState.allCases.map(\.rawValue) == [0, 1, 2])
    #expect(PeerState.allCases.map(\.description) == ["viewer", "participant", "terminating"])
    #expect(PeerState.allCases.map { PeerState($0.description) } == PeerState.allCases)
    #expect(PeerState("Viewer") == nil && PeerState("") == nil)
    #expect(PeerState(rawValue: 3) == nil)
    let json = try JSONEncoder().encode(PeerState.allCases)
    #expect(String(decoding: json, as: UTF8.self) == #"["viewer","participant","terminating"]"#)
    #expect(try JSONDecoder().decode([PeerState].self, from: json) == PeerState.allCases)
    let error = #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([PeerState].self, from: Data(#"["x"]"#.utf8))
    }
    guard case .dataCorrupted(let context)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(context.debugDescription == #"unknown state "x""#)
  }
}
