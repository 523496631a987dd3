;; WASI 0.1 (`wasi_snapshot_preview1`) where there is no system behind it: what a program is told that calls it.
;; Function by function as in the witx file of that name; errors by its type `errno`.
;;
;; Linked into a component beside its own module, of which it uses the memory. Nothing of it leaves the component but
;; the lines that are written to standard output and standard error: they go to the component's log.
(module
  ;; level (1 info, 2 warning), the first byte, how many
  (import "plumb:cni/log@VERSION" "write" (func $log (param i32 i32 i32)))
  (import "env" "memory" (memory 0))

  ;; Where the random numbers are: the same from the beginning of each call on, so that the same request gives the
  ;; same plan.
  (global $random (mut i64) (i64.const 0x706c756d62))

  ;; No arguments and no environment: none of zero bytes.
  (func $none (param $count i32) (param $bytes i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $bytes) (i32.const 0))
    (i32.const 0))
  (func $success (param i32 i32) (result i32) (i32.const 0))
  (export "args_sizes_get" (func $none))
  (export "environ_sizes_get" (func $none))
  (export "args_get" (func $success))
  (export "environ_get" (func $success))

  ;; All clocks show one second after 1 January 1970, and stand until somebody waits: a plan depends on no time. (Not the
  ;; beginning itself, which Go takes for a clock that is broken.) In nanoseconds.
  (global $now (mut i64) (i64.const 1000000000))
  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $time i32) (result i32)
    (i64.store (local.get $time) (global.get $now))
    (i32.const 0))
  (func (export "clock_res_get") (param $clock i32) (param $resolution i32) (result i32)
    (i64.store (local.get $resolution) (i64.const 1))
    (i32.const 0))

  ;; SplitMix64, a byte of each number: enough for the seeds of hash tables, and no secret.
  (func (export "random_get") (param $at i32) (param $length i32) (result i32)
    (local $end i32) (local $mixed i64)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $filled
      (loop $byte
        (br_if $filled (i32.eq (local.get $at) (local.get $end)))
        (global.set $random (i64.add (global.get $random) (i64.const 0x9e3779b97f4a7c15)))
        (local.set $mixed (global.get $random))
        (local.set $mixed
          (i64.mul
            (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 30)))
            (i64.const 0xbf58476d1ce4e5b9)))
        (local.set $mixed
          (i64.mul
            (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 27)))
            (i64.const 0x94d049bb133111eb)))
        (i64.store8
          (local.get $at)
          (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 31))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $byte)))
    (i32.const 0))

  ;; Of descriptors there are standard output and standard error, the log. Any other is `badf`, a folder that was
  ;; opened before included: so nothing can be reached by a path.
  (func $is_log (param $descriptor i32) (result i32)
    (i32.le_u (i32.sub (local.get $descriptor) (i32.const 1)) (i32.const 1)))
  (func (export "fd_write")
    (param $descriptor i32) (param $vectors i32) (param $count i32) (param $written i32) (result i32)
    (local $end i32) (local $length i32) (local $sum i32)
    (if (i32.eqz (call $is_log (local.get $descriptor))) (then (return (i32.const 8))))
    (local.set $end (i32.add (local.get $vectors) (i32.shl (local.get $count) (i32.const 3))))
    (block $all
      (loop $vector
        (br_if $all (i32.eq (local.get $vectors) (local.get $end)))
        (local.set $length (i32.load offset=4 (local.get $vectors)))
        (if (local.get $length)
          (then (call $log (local.get $descriptor) (i32.load (local.get $vectors)) (local.get $length))))
        (local.set $sum (i32.add (local.get $sum) (local.get $length)))
        (local.set $vectors (i32.add (local.get $vectors) (i32.const 8)))
        (br $vector)))
    (i32.store (local.get $written) (local.get $sum))
    (i32.const 0))
  ;; A terminal, which cannot be sought in: a C library writes to one at the end of each line, and to a file when the
  ;; program ends, which a component never does.
  (func (export "fd_fdstat_get") (param $descriptor i32) (param $status i32) (result i32)
    (if (i32.eqz (call $is_log (local.get $descriptor))) (then (return (i32.const 8))))
    (i64.store (local.get $status) (i64.const 2))
    ;; The right `fd_write`, and no right to inherit.
    (i64.store offset=8 (local.get $status) (i64.const 64))
    (i64.store offset=16 (local.get $status) (i64.const 0))
    (i32.const 0))
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8))

  ;; Who waits for a time has waited at once: the clocks go on to it. There is nothing else to wait for (`notsup`). Of the
  ;; subscriptions, 48 bytes each, the first is taken that is about a clock.
  (func (export "poll_oneoff")
    (param $subscription i32) (param $event i32) (param $count i32) (param $events i32) (result i32)
    (local $time i64)
    (block $none
      (loop $next
        (br_if $none (i32.eqz (local.get $count)))
        (if (i32.eqz (i32.load8_u offset=8 (local.get $subscription)))
          (then
            (local.set $time (i64.load offset=24 (local.get $subscription)))
            ;; `subscription_clock_abstime`: a time, not how long
            (if (i32.eqz (i32.and (i32.load16_u offset=40 (local.get $subscription)) (i32.const 1)))
              (then (local.set $time (i64.add (global.get $now) (local.get $time)))))
            (if (i64.gt_u (local.get $time) (global.get $now))
              (then (global.set $now (local.get $time))))
            ;; its event, 32 bytes: whose, no error, of a clock, no bytes
            (i64.store (local.get $event) (i64.load (local.get $subscription)))
            (i64.store offset=8 (local.get $event) (i64.const 0))
            (i64.store offset=16 (local.get $event) (i64.const 0))
            (i64.store offset=24 (local.get $event) (i64.const 0))
            (i32.store (local.get $events) (i32.const 1))
            (return (i32.const 0))))
        (local.set $subscription (i32.add (local.get $subscription) (i32.const 48)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.const 58))
  ;; There is nobody to give way to.
  (func (export "sched_yield") (result i32) (i32.const 0))

  ;; Whoever ends the process gives no answer. There are no signals (`nosys`).
  (func (export "proc_exit") (param i32) unreachable)
  (func (export "proc_raise") (param i32) (result i32) (i32.const 52)))
