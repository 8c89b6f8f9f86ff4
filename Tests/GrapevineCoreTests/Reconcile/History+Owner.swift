import GrapevineCore

extension History {
  mutating func change(
    _ body: (inout OwnerChange, inout Xoshiro256) -> Void
  ) throws {
    var change = OwnerChange(owner: owner, state: nodes[0].state, keyCount: keyCount)
    body(&change, &random)
    owner = change.owner
    nodes[0].state = change.state
    transcript?.note("owner: \(change.text)")
    try checkOwner()
  }

  mutating func compact() throws {
    let tombstones = owner.tombstones
    guard !tombstones.isEmpty else { return }
    let bound = tombstones[random.index(tombstones.count)]
    owner.compact(upTo: bound)
    nodes[0].state.compact(upTo: bound)
    coverage.compactions += 1
    transcript?.note("owner: compact up to \(bound) at \(owner.version)")
    try checkOwner()
  }

  /// The owner's state is the model's, to the byte.
  func checkOwner() throws {
    let state = nodes[0].state
    state.checkInvariants()
    let expected = owner.content(at: owner.version, compacted: owner.compacted)
    let held = ReplicaWatch.content(of: state).map { entry in
      entry.map {
        OwnerModel.Operation(version: $0.version, value: $0.isDeleted ? nil : $0.value)
      }
    }
    let progress = Progress(version: owner.version, compacted: owner.compacted)
    guard state.progress == progress, held == expected else {
      throw HistoryFailure(description: "the owner's own state is not the model's")
    }
  }
}

/// One change by the owner, made to the model and to the real state alike.
struct OwnerChange {
  var owner: OwnerModel
  var state: VersionedState
  let keyCount: Int
  var text = ""

  mutating func set(_ random: inout Xoshiro256) {
    let key = random.index(keyCount)
    let size = random.chance(1, outOf: 8) ? 100 + random.index(200) : random.index(12)
    let value = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.below(3)) }
    let isChange = state.set(key: OwnerModel.keys[key], value: value)
    let before = owner.version
    owner.set(key, value)
    precondition(isChange == (owner.version != before), "model and state differ on a change")
    text = "set \(OwnerModel.keys[key])@\(owner.version), \(size) bytes"
  }

  mutating func delete(_ random: inout Xoshiro256) {
    let key = random.index(keyCount)
    let isChange = state.delete(key: OwnerModel.keys[key])
    let before = owner.version
    owner.delete(key)
    precondition(isChange == (owner.version != before), "model and state differ on a change")
    text = isChange ? "delete \(OwnerModel.keys[key])@\(owner.version)" : "delete nothing"
  }
}
