internal import Glibc
package import GrapevineCore

/// A host name that could not be turned into addresses.
package struct ResolutionError: Error, Hashable, Sendable {
  /// The name that was asked for.
  package let host: String
  package let reason: Reason

  package enum Reason: Hashable, Sendable {
    /// There is no such name, or it has no address.
    case unknownHost
    /// The name server did not answer; asking again may help.
    case temporary
    /// Too many questions wait already.
    case tooManyRequests
    /// The asking task was cancelled.
    case cancelled
    /// Anything else, in the system's words.
    case failed(String)
  }

  package init(host: String, reason: Reason) {
    self.host = host
    self.reason = reason
  }
}

extension ResolutionError: CustomStringConvertible {
  /// The error as a sentence that names the host.
  package var description: String {
    switch reason {
    case .unknownHost: "the host “\(host)” is not known"
    case .temporary: "the name server did not answer about “\(host)”"
    case .tooManyRequests: "too many other hosts are being looked up to ask for “\(host)”"
    case .cancelled: "looking up “\(host)” was cancelled"
    case .failed(let text): "looking up “\(host)” failed: \(text)"
    }
  }
}

/// Turns host names into addresses on a few threads of its own, so that no loop ever waits for a
/// name server.
package final class Resolver: Sendable {
  package typealias Answer = Result<[Endpoint], ResolutionError>

  /// The most questions that wait for a thread.
  private static let queueLimit = 1_024

  private let threadLimit: Int
  private let lookUp: @Sendable (_ host: String, _ port: UInt16) -> Answer
  private let state = Locked(State())

  private struct State {
    var questions: [Question] = []
    var threadCount = 0
    var nextNumber: UInt64 = 0
  }

  private struct Question {
    /// Tells it apart from all others.
    var number: UInt64 = 0
    let host: String
    let port: UInt16
    let completion: @Sendable (Answer) -> Void
  }

  /// Creates a resolver without threads; they start with the questions and end when there are none.
  ///
  /// What looks a name up, on one of the threads, is the system unless `lookUp` takes its place.
  package init(
    threadLimit: Int = 4,
    lookUp: @escaping @Sendable (_ host: String, _ port: UInt16) -> Answer = askSystem
  ) {
    precondition(threadLimit > 0)
    self.threadLimit = threadLimit
    self.lookUp = lookUp
  }
}

extension Resolver {
  /// Finds all IPv4 and IPv6 addresses of `host`, each once, in the system's order of preference.
  ///
  /// If the task is cancelled it throws at once, and the question waits for a thread no more; a
  /// look-up of the system's that has begun, which nothing can stop, ends unheard.
  package func resolve(
    _ host: String,
    port: UInt16
  ) async throws(ResolutionError) -> [Endpoint] {
    let pending = Locked<CheckedContinuation<Answer, Never>?>(nil)
    let finish: @Sendable (Answer) -> Void = { answer in
      let continuation = pending.withLock { $0.take() }
      continuation?.resume(returning: answer)
    }
    let queued = Locked<UInt64?>(nil)
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        pending.withLock { $0 = continuation }
        guard !Task.isCancelled else {
          finish(.failure(ResolutionError(host: host, reason: .cancelled)))
          return
        }
        let number = ask(host, port: port, completion: finish)
        queued.withLock { $0 = number }
        if Task.isCancelled, let number { withdraw(number) }
      }
    } onCancel: {
      finish(.failure(ResolutionError(host: host, reason: .cancelled)))
      if let number = queued.withLock({ $0 }) { withdraw(number) }
    }
    return try answer.get()
  }

  /// Finds the addresses and hands them to `completion`: at once if `host` is an address itself,
  /// else on one of the resolver's threads, which it must not hold up.
  package func resolve(
    _ host: String,
    port: UInt16,
    completion: @escaping @Sendable (Answer) -> Void
  ) {
    _ = ask(host, port: port, completion: completion)
  }

  /// Does that; returns the number of a question that waits for a thread.
  private func ask(
    _ host: String,
    port: UInt16,
    completion: @escaping @Sendable (Answer) -> Void
  ) -> UInt64? {
    if let endpoint = Endpoint(address: host, port: port) {
      completion(.success([endpoint]))
      return nil
    }
    // C would take the part before a zero byte for the name.
    guard !host.isEmpty, !host.utf8.contains(0) else {
      completion(.failure(ResolutionError(host: host, reason: .unknownHost)))
      return nil
    }
    switch admit(Question(host: host, port: port, completion: completion)) {
    case .refused:
      completion(.failure(ResolutionError(host: host, reason: .tooManyRequests)))
      return nil
    case .queued(let number): return number
    case .needsThread(let number):
      startThread()
      return number
    }
  }

  private enum Admission {
    case queued(UInt64)
    case needsThread(UInt64)
    case refused
  }

  private func admit(_ question: Question) -> Admission {
    var question = question
    return state.withLock { state in
      guard state.questions.count < Self.queueLimit else { return .refused }
      state.nextNumber += 1
      question.number = state.nextNumber
      state.questions.append(question)
      guard state.threadCount < threadLimit else { return .queued(question.number) }
      state.threadCount += 1
      return .needsThread(question.number)
    }
  }

  /// The questions that wait for a thread.
  package var waitingCount: Int { state.withLock { $0.questions.count } }

  /// Takes a question back, if no thread has taken it.
  private func withdraw(_ number: UInt64) {
    let question: Question? = state.withLock { state in
      guard let index = state.questions.firstIndex(where: { $0.number == number }) else {
        return nil
      }
      return state.questions.remove(at: index)
    }
    // What it holds is let go of outside the lock.
    withExtendedLifetime(question) {}
  }

  private func startThread() {
    do {
      try NativeThread.start(name: "grapevine-names") { [self] in
        while let question = nextQuestion() {
          question.completion(lookUp(question.host, question.port))
        }
      }
    } catch {
      // The questions stay where another thread works on them; without any they would wait for
      // ever.
      let unheard = state.withLock { state -> [Question] in
        state.threadCount -= 1
        guard state.threadCount == 0 else { return [] }
        defer { state.questions = [] }
        return state.questions
      }
      for question in unheard {
        question.completion(
          .failure(ResolutionError(host: question.host, reason: .failed("\(error)")))
        )
      }
    }
  }

  /// The next question for a thread; nil if there is none, and then the thread counts no more.
  private func nextQuestion() -> Question? {
    state.withLock { state in
      guard !state.questions.isEmpty else {
        state.threadCount -= 1
        return nil
      }
      return state.questions.removeFirst()
    }
  }

  /// Has the system look a name up, which may take as long as its name servers do.
  @Sendable
  package static func askSystem(_ host: String, _ port: UInt16) -> Answer {
    var found: [Endpoint] = []
    let (code, systemCode) = System.addresses(of: host, port: port, into: &found)
    var endpoints: [Endpoint] = []
    for endpoint in found where !endpoints.contains(endpoint) { endpoints.append(endpoint) }
    guard code != 0 || endpoints.isEmpty else { return .success(endpoints) }
    let reason: ResolutionError.Reason =
      switch code {
      case 0, EAI_NONAME, noDataCode: .unknownHost
      case EAI_AGAIN: .temporary
      case EAI_SYSTEM:
        .failed(SystemError(code: systemCode, operation: "getaddrinfo").description)
      default: .failed(String(cString: gai_strerror(code)))
      }
    return .failure(ResolutionError(host: host, reason: reason))
  }

  // EAI_NODATA, the name exists and has no address, is one that the Glibc module lacks.
  private static let noDataCode: CInt = -5
}
