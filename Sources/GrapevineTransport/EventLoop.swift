internal import Synchronization

/// One thread that waits for descriptors and deadlines on behalf of many clients.
///
/// The thread runs as long as somebody holds the loop or a client is on it; then it ends and frees
/// its descriptors. Every method may be called from any thread, the loop's own included.
package final class EventLoop: Sendable {
  private let shared: Shared
  private let spareOutboxes = Locked<[DatagramOutbox]>([])

  /// Starts a loop.
  ///
  /// - Parameter name: the thread's name in debuggers, cut after 15 bytes.
  /// - Throws: the system's error if it has no descriptor or thread to give.
  package init(name: String = "grapevine") throws(SystemError) {
    let shared = try Shared()
    try NativeThread.start(name: name) {
      LoopThread(shared).run()
    }
    self.shared = shared
  }

  deinit {
    shared.submit(.ownerLeft)
  }
}

extension EventLoop {
  /// Says whether the caller runs on the loop's thread.
  package var isCurrent: Bool { shared.isCurrent }

  /// Adds a client and returns when it is attached; not to be called from the loop's own thread.
  ///
  /// - Throws: what `attach` threw; then the client is not added.
  package func add(_ client: any EventLoopClient) throws(SystemError) -> ClientID {
    precondition(!isCurrent, "the loop would wait for itself")
    let id = shared.makeClientID()
    let reply = Locked<Result<Void, SystemError>?>(nil)
    shared.submit(.add(client, id, reply))
    try reply.wait { $0 }.get()
    return id
  }

  /// Removes a client; when this returns, it is detached and is never called again.
  ///
  /// On the loop's own thread, where the caller may be that very client, it is detached soon after.
  /// Removing twice is harmless.
  package func remove(_ id: ClientID) {
    guard !isCurrent else {
      removeSoon(id)
      return
    }
    let reply = Locked<Bool>(false)
    shared.submit(.remove(id, reply))
    reply.wait { $0 ? () : nil }
  }

  /// Removes a client without waiting until it is detached.
  package func removeSoon(_ id: ClientID) {
    shared.submit(.remove(id, nil))
  }

  /// An empty box for datagrams, for a thread other than the loop's.
  package func takeOutbox() -> DatagramOutbox {
    spareOutboxes.withLock { $0.popLast() } ?? DatagramOutbox()
  }

  /// Takes a box back that has been emptied, for the next who needs one.
  package func giveBack(_ outbox: DatagramOutbox) {
    spareOutboxes.withLock { boxes in
      if boxes.count < Self.spareOutboxLimit { boxes.append(outbox) }
    }
  }

  private static let spareOutboxLimit = 4

  /// Lets the loop call the client's `poked` soon.
  package func poke(_ id: ClientID) {
    shared.submit(.poke(id))
  }
}

/// What other threads ask of the loop's thread.
enum LoopCommand: Sendable {
  case add(any EventLoopClient, ClientID, Locked<Result<Void, SystemError>?>)
  case remove(ClientID, Locked<Bool>?)
  case poke(ClientID)
  case ownerLeft
}

extension EventLoop {
  /// What the loop's thread shares with all others.
  final class Shared: Sendable {
    let epoll: Epoll
    /// Watches listeners and connections, and is itself watched by ``epoll``: their turn comes
    /// though very many sockets have datagrams.
    let streams: Epoll
    let timer: Descriptor
    private let wakeUp: Descriptor
    private let commands = Locked<[LoopCommand]>([])
    /// Whether there are commands, for a look without the lock.
    private let isAsked = Atomic<Bool>(false)
    /// Whether the thread waits, or is about to, and has to be woken by a signal.
    private let isAsleep = Atomic<Bool>(false)
    private let threadID = Atomic<UInt>(0)
    private let nextClientID = Atomic<UInt64>(0)

    static let wakeUpRegistration = RegistrationID(rawValue: .max)
    static let timerRegistration = RegistrationID(rawValue: .max - 1)
    static let streamsRegistration = RegistrationID(rawValue: .max - 2)

    init() throws(SystemError) {
      epoll = try Epoll()
      streams = try Epoll()
      timer = try System.makeTimer()
      wakeUp = try System.makeEventCounter()
      try epoll.addSignal(wakeUp, as: Self.wakeUpRegistration)
      try epoll.addSignal(timer, as: Self.timerRegistration)
      try epoll.add(streams, as: Self.streamsRegistration)
    }

    var isCurrent: Bool { threadID.load(ordering: .relaxed) == NativeThread.currentID }

    /// Says that the calling thread is the loop's.
    func adoptThread() {
      threadID.store(NativeThread.currentID, ordering: .relaxed)
    }

    func makeClientID() -> ClientID {
      ClientID(rawValue: nextClientID.add(1, ordering: .relaxed).newValue)
    }

    /// Hands a command to the loop, and wakes it only if it sleeps.
    func submit(_ command: LoopCommand) {
      commands.withLock {
        $0.append(command)
        isAsked.store(true, ordering: .relaxed)
      }
      guard isAsleep.exchange(false, ordering: .acquiringAndReleasing) else { return }
      do {
        try System.signal(wakeUp)
      } catch {
        preconditionFailure("a loop can't be woken: \(error)")
      }
    }

    /// Says whether a command came; one of the calling thread's own is always seen.
    var hasCommands: Bool { isAsked.load(ordering: .relaxed) }

    /// Takes all commands, into an empty array that gives its memory in exchange.
    func takeCommands(into taken: inout [LoopCommand]) {
      commands.withLock {
        swap(&$0, &taken)
        isAsked.store(false, ordering: .relaxed)
      }
    }

    /// Announces that the thread will sleep; returns false if there are commands to do first.
    ///
    /// A command that comes after the look at the commands finds `isAsleep` set, since the lock
    /// orders the two.
    func prepareToSleep() -> Bool {
      isAsleep.store(true, ordering: .releasing)
      guard !commands.withLock({ $0.isEmpty }) else { return true }
      isAsleep.store(false, ordering: .relaxed)
      return false
    }

    func wokeUp() {
      isAsleep.store(false, ordering: .relaxed)
    }
  }
}
