extension Engine {
  /// Traps if what is stored does not agree with itself; O(all entries).
  package func checkInvariants() {
    table.checkInvariants()
    precondition(table.contains(localKey), "the node itself is not in its table")
    precondition(table.count <= configuration.memberLimit, "\(table.count) members")
    precondition(graves.count <= configuration.graveLimit, "\(graves.count) graves")
    precondition(seeds.count <= configuration.seedLimit, "\(seeds.count) seeds")
    precondition(
      inboundCount <= configuration.inboundStreamLimit,
      "\(inboundCount) inbound streams"
    )
    precondition(
      outboundCount <= configuration.outboundStreamLimit + 4,
      "\(outboundCount) outbound streams"
    )
    for session in streams {
      precondition(session.queued <= configuration.streamQueueLimit, "\(session.queued) queued")
    }
    for slot in 0..<table.count {
      precondition(graves.find(table.key(inSlot: slot)) == nil, "a member has a grave")
    }
    checkObservations()
    checkAccusations()
    checkQuestions()
    checkDissemination()
  }

  private func checkObservations() {
    for (index, observation) in observations.enumerated() {
      precondition(
        index == 0 || observations[index - 1].key < observation.key,
        "observations are not in order"
      )
      precondition(observation.key != localKey, "the node observes itself")
      precondition(observation.window.count <= configuration.arrivalWindow, "a window is too long")
      precondition(
        (1...Observation.cautionLimit).contains(observation.caution),
        "a caution of \(observation.caution)"
      )
      precondition(
        !observation.isAccused || observation.verification == nil,
        "an accused member is still looked into"
      )
    }
    precondition(observations.count < configuration.memberLimit, "\(observations.count) observed")
    let verified = observations.count { $0.verification != nil }
    precondition(verified <= configuration.verificationLimit, "\(verified) are looked into")
    if let observers {
      precondition(observers.count <= configuration.observerCount, "\(observers.count) observers")
      precondition(Set(observers).count == observers.count, "an observer comes twice")
      precondition(!observers.contains(localKey), "the node is its own observer")
    }
    precondition((1...configuration.healthLimit).contains(health.multiplier), "a wrong multiplier")
  }

  /// Each live member that someone accuses has an accusation of just that incarnation, and nobody
  /// else has one.
  private func checkAccusations() {
    for index in accusations.indices {
      let accusation = accusations[index]
      precondition(accusations.index(of: accusation.key) == index, "an accusation is not found")
      precondition(accusation.dueAt >= accusations.dueAt, "an accusation is due before the first")
      guard let slot = table.slot(of: accusation.key) else {
        preconditionFailure("a member is accused that is not known")
      }
      let standing = table[slot].standing
      precondition(standing.verdict == .alive, "a member is accused that is judged")
      precondition(!standing.accusers.isEmpty, "a member is accused by nobody")
      precondition(standing.incarnation == accusation.incarnation, "an accusation is refuted")
      precondition(
        (accusation.secondAt != nil) == (standing.accusers.count > 1),
        "a second accuser without its time"
      )
      precondition(accusation.dueAt < .never, "an accusation waits for ever")
    }
    let accused = (0..<table.count).count { table.isLive($0) && table.isAccused($0) }
    precondition(accused == accusations.count, "\(accused) accused, \(accusations.count) noted")
    precondition(!table.isAccused(localSlot), "the node has not refuted")
  }

  private func checkQuestions() {
    precondition(
      challenges.count <= configuration.verificationLimit,
      "\(challenges.count) challenges"
    )
    precondition(Set(challenges.map(\.key)).count == challenges.count, "a challenge comes twice")
    for challenge in challenges {
      precondition(challenge.claim.standing.verdict == .down, "a challenge without a verdict")
    }
    precondition(relays.count <= configuration.relayLimit, "\(relays.count) relays")
    precondition(spreads.count <= configuration.spreadLimit, "\(spreads.count) spreads")
    for spread in spreads {
      precondition(!spread.waiting.isEmpty, "a spread waits for nobody")
      precondition(spread.cursor < spread.waiting.count, "a spread has asked beyond its end")
    }
  }

  private func checkDissemination() {
    precondition(pushCount <= configuration.pushLimit, "\(pushCount) pushes")
    precondition(Set(pending.standings).count == pending.standings.count, "news comes twice")
    precondition(Set(pending.newcomers).count == pending.newcomers.count, "news comes twice")
    guard !isSilent else { return }
    precondition(pending.isEmpty == (pending.dueAt == .never), "news waits for ever")
    precondition(
      configuration.push == .tree || pending.isEmpty,
      "news waits where nothing is pushed"
    )
  }
}
