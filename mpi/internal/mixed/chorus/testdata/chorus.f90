! The Fortran voice of the job of TestLanguages: what ../main.go does, by module
! mpi. Fortran has no unsigned integers: what is large there is negative here.
program chorus
  use mpi
  use, intrinsic :: iso_c_binding
  implicit none

  type, bind(c) :: record
    integer(c_int32_t) :: id
    real(c_double) :: value
    integer(c_int8_t) :: code(3)
  end type record

  integer :: n, me, ierr, status(MPI_STATUS_SIZE)

  call MPI_Init(ierr)
  call MPI_Comm_size(MPI_COMM_WORLD, n, ierr)
  call MPI_Comm_rank(MPI_COMM_WORLD, me, ierr)
  call basic()
  call wildcards()
  call structs()
  call columns()
  call collectives()
  call vectors()
  call reductions()
  call halves()
  call MPI_Finalize(ierr)
  print '(a,i0,a)', 'fortran ', me, ': all right'

contains

  subroutine check(ok, what)
    logical, intent(in) :: ok
    character(*), intent(in) :: what
    integer :: e
    if (ok) return
    write (0, '(a,i0,3a)') 'fortran: rank ', me, ': ', what, ' is wrong'
    call MPI_Abort(MPI_COMM_WORLD, 1, e)
  end subroutine check

  subroutine basic()
    integer, parameter :: types(0:12) = [MPI_INT8_T, MPI_INT16_T, MPI_INTEGER, MPI_INT64_T, &
      MPI_UINT8_T, MPI_UINT16_T, MPI_UINT32_T, MPI_UINT64_T, &
      MPI_REAL, MPI_DOUBLE_PRECISION, MPI_COMPLEX, MPI_DOUBLE_COMPLEX, MPI_C_BOOL]
    integer, parameter :: sizes(0:12) = [1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8, 16, 1]
    ! The bytes of three elements of each type from each rank.
    integer(c_int8_t) :: bytes(48, 0:n-1, 0:12), in(48)
    integer(c_int64_t) :: v
    real(c_double) :: x(3)
    logical(c_bool) :: b(3)
    integer :: r, k, d, to, from
    do r = 0, n - 1
      v = 10 * (r + 1)
      x = [v + 0.5d0, -v + 0d0, v + 1d0]
      b = [modulo(r, 2) == 0, modulo(r, 2) == 1, .true.]
      do k = 0, 4, 4
        call store(transfer(int([v, -v - k / 4, v + 1], c_int8_t), in), bytes(:, r, k))
        call store(transfer(int([v, -v - k / 4, v + 1], c_int16_t), in), bytes(:, r, k + 1))
        call store(transfer(int([v, -v - k / 4, v + 1], c_int32_t), in), bytes(:, r, k + 2))
        call store(transfer([v, -v - k / 4, v + 1], in), bytes(:, r, k + 3))
      end do
      call store(transfer(real(x, c_float), in), bytes(:, r, 8))
      call store(transfer(x, in), bytes(:, r, 9))
      call store(transfer(cmplx(x, v, c_float), in), bytes(:, r, 10))
      call store(transfer(cmplx(x, v, c_double), in), bytes(:, r, 11))
      call store(transfer(b, in), bytes(:, r, 12))
    end do
    do k = 0, 12
      do d = 1, n - 1
        to = modulo(me + d, n)
        from = modulo(me - d, n)
        call MPI_Sendrecv(bytes(:, me, k), 3, types(k), to, k, in, 3, types(k), from, k, MPI_COMM_WORLD, status, ierr)
        call check(all(in(:3*sizes(k)) == bytes(:3*sizes(k), from, k)), 'a basic type')
      end do
    end do
  end subroutine basic

  subroutine store(from, to)
    integer(c_int8_t), intent(in) :: from(:)
    integer(c_int8_t), intent(out) :: to(:)
    to(:size(from)) = from
  end subroutine store

  subroutine wildcards()
    integer :: sends(0:n-1), statuses(MPI_STATUS_SIZE, 0:n-1), mine(n), buf(n), k, to, from, count
    logical :: seen(0:n-1)
    mine = me
    seen = .false.
    sends = MPI_REQUEST_NULL
    do to = 0, n - 1
      if (to /= me) call MPI_Isend(mine, me + 1, MPI_INTEGER, to, 100 + me, MPI_COMM_WORLD, sends(to), ierr)
    end do
    do k = 1, n - 1
      call MPI_Recv(buf, n, MPI_INTEGER, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, status, ierr)
      from = status(MPI_SOURCE)
      call MPI_Get_count(status, MPI_INTEGER, count, ierr)
      call check(.not. seen(from) .and. status(MPI_TAG) == 100 + from .and. count == from + 1, 'a wildcard''s status')
      seen(from) = .true.
      call check(all(buf(:count) == from), 'a wildcard''s message')
    end do
    call MPI_Waitall(n, sends, statuses, ierr)
    call MPI_Barrier(MPI_COMM_WORLD, ierr)
  end subroutine wildcards

  subroutine structs()
    type(record) :: mine(2), in(2)
    integer :: loose, t, from
    integer(MPI_ADDRESS_KIND) :: at(4), extent
    from = modulo(me - 1, n)
    call MPI_Get_address(mine(1), at(4), ierr)
    call MPI_Get_address(mine(1)%id, at(1), ierr)
    call MPI_Get_address(mine(1)%value, at(2), ierr)
    call MPI_Get_address(mine(1)%code, at(3), ierr)
    call MPI_Get_address(mine(2), extent, ierr)
    extent = extent - at(4)
    call MPI_Type_create_struct(3, [1, 1, 3], at(:3) - at(4), [MPI_INTEGER, MPI_DOUBLE_PRECISION, MPI_INT8_T], loose, ierr)
    call MPI_Type_create_resized(loose, 0_MPI_ADDRESS_KIND, extent, t, ierr)
    call MPI_Type_commit(t, ierr)
    mine(1) = record(me, me + 0.25d0, int([me, 1, 2], c_int8_t))
    mine(2) = record(-me, 0.5d0, int([3, 4, -me], c_int8_t))
    call MPI_Sendrecv(mine, 2, t, modulo(me + 1, n), 20, in, 2, t, from, 20, MPI_COMM_WORLD, status, ierr)
    call check(in(1)%id == from .and. in(1)%value == from + 0.25d0 .and. all(in(1)%code == [from, 1, 2]), 'the first struct')
    call check(in(2)%id == -from .and. in(2)%value == 0.5d0 .and. all(in(2)%code == [3, 4, -from]), 'the second struct')
    call MPI_Type_free(t, ierr)
    call MPI_Type_free(loose, ierr)
  end subroutine structs

  ! What is a column to C, whose matrices lie row by row, is a row to Fortran.
  subroutine columns()
    integer, parameter :: rows = 4, cols = 5, j = 3
    real(c_double) :: mine(cols, rows), in(cols, rows), want(cols, rows)
    integer :: t, i, from
    from = modulo(me - 1, n)
    mine = 0
    in = 0
    want = 0
    mine(j, :) = [(100 * me + i, i = 0, rows - 1)]
    want(j, :) = [(100 * from + i, i = 0, rows - 1)]
    call MPI_Type_vector(rows, 1, cols, MPI_DOUBLE_PRECISION, t, ierr)
    call MPI_Type_commit(t, ierr)
    call MPI_Sendrecv(mine(j, 1), 1, t, modulo(me + 1, n), 21, in(j, 1), 1, t, from, 21, MPI_COMM_WORLD, status, ierr)
    call check(all(in == want), 'a column')
    call MPI_Type_free(t, ierr)
  end subroutine columns

  subroutine collectives()
    real(c_double) :: three(3)
    integer :: every(0:n-1), rows(0:n-1), swapped(0:n-1), root, r
    integer(c_int64_t) :: parts(0:n-1), part
    do root = 0, n - 1
      three = 0
      if (me == root) three = [10 * root, 10 * root + 1, 10 * root + 2]
      call MPI_Bcast(three, 3, MPI_DOUBLE_PRECISION, root, MPI_COMM_WORLD, ierr)
      call check(all(three == [10 * root, 10 * root + 1, 10 * root + 2]), 'bcast')
      call MPI_Gather(100 * root + me, 1, MPI_INTEGER, every, 1, MPI_INTEGER, root, MPI_COMM_WORLD, ierr)
      if (me == root) call check(all(every == [(100 * root + r, r = 0, n - 1)]), 'gather')
      parts = [(1000 * root + r, r = 0, n - 1)]
      call MPI_Scatter(parts, 1, MPI_INTEGER8, part, 1, MPI_INTEGER8, root, MPI_COMM_WORLD, ierr)
      call check(part == 1000 * root + me, 'scatter')
    end do
    call MPI_Allgather(10 * me + me, 1, MPI_INTEGER, every, 1, MPI_INTEGER, MPI_COMM_WORLD, ierr)
    call check(all(every == [(10 * r + r, r = 0, n - 1)]), 'allgather')
    rows = [(10 * me + r, r = 0, n - 1)]
    call MPI_Alltoall(rows, 1, MPI_INTEGER, swapped, 1, MPI_INTEGER, MPI_COMM_WORLD, ierr)
    call check(all(swapped == [(10 * r + me, r = 0, n - 1)]), 'alltoall')
  end subroutine collectives

  subroutine vectors()
    integer, allocatable :: out(:), in(:)
    integer :: counts(0:n-1), displs(0:n-1), mine(n), part(n), whole(n*(n+1)/2), every(n*(n+1)/2), want(n*(n+1)/2), r, i, root
    root = n - 1
    counts = [(r + 1, r = 0, n - 1)]
    displs = [(r * (r + 1) / 2, r = 0, n - 1)]
    want = [((r, i = 0, r), r = 0, n - 1)]
    mine = me
    call MPI_Gatherv(mine, me + 1, MPI_INTEGER, whole, counts, displs, MPI_INTEGER, root, MPI_COMM_WORLD, ierr)
    if (me == root) call check(all(whole == want), 'gatherv')
    call MPI_Scatterv(whole, counts, displs, MPI_INTEGER, part, me + 1, MPI_INTEGER, root, MPI_COMM_WORLD, ierr)
    call check(all(part(:me+1) == me), 'scatterv')
    call MPI_Allgatherv(part, me + 1, MPI_INTEGER, every, counts, displs, MPI_INTEGER, MPI_COMM_WORLD, ierr)
    call check(all(every == want), 'allgatherv')
    ! Rank s has s+r+1 times 10s+r for rank r, and so gets as many elements of each
    ! as it has for it.
    counts = [(me + r + 1, r = 0, n - 1)]
    displs = [(r * (me + 1) + r * (r - 1) / 2, r = 0, n - 1)]
    out = [((10 * me + r, i = 1, me + r + 1), r = 0, n - 1)]
    in = 0 * out
    call MPI_Alltoallv(out, counts, displs, MPI_INTEGER, in, counts, displs, MPI_INTEGER, MPI_COMM_WORLD, ierr)
    call check(all(in == [((10 * r + me, i = 1, me + r + 1), r = 0, n - 1)]), 'alltoallv')
  end subroutine vectors

  subroutine reductions()
    real(c_double) :: two(2), total(2)
    integer :: most(2), counts(0:n-1), uneven(0:n*(n+1)/2-1), part(0:me), root, request, r
    integer(c_int64_t) :: upto, send(0:n-1), mine
    two = [me + 0d0, 0.5d0]
    do root = 0, n - 1
      call MPI_Reduce(two, total, 2, MPI_DOUBLE_PRECISION, MPI_SUM, root, MPI_COMM_WORLD, ierr)
      if (me == root) call check(all(total == [n * (n - 1) / 2d0, n / 2d0]), 'reduce')
    end do
    call MPI_Allreduce([me, -me], most, 2, MPI_INTEGER, MPI_MAX, MPI_COMM_WORLD, ierr)
    call check(all(most == [n - 1, 0]), 'allreduce')
    call MPI_Scan(int(me, c_int64_t), upto, 1, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, ierr)
    call check(upto == me * (me + 1) / 2, 'scan')
    call MPI_Exscan(int(me, c_int64_t), upto, 1, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, ierr)
    if (me > 0) call check(upto == me * (me - 1) / 2, 'exscan')
    send = [(10 * me + r, r = 0, n - 1)]
    call MPI_Reduce_scatter_block(send, mine, 1, MPI_INTEGER8, MPI_SUM, MPI_COMM_WORLD, ierr)
    call check(mine == 10 * n * (n - 1) / 2 + n * me, 'reduce_scatter_block')
    counts = [(r + 1, r = 0, n - 1)]
    uneven = [(10 * me + r, r = 0, n * (n + 1) / 2 - 1)]
    call MPI_Reduce_scatter(uneven, part, counts, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD, ierr)
    call check(all(part == [(10 * n * (n - 1) / 2 + n * (me * (me + 1) / 2 + r), r = 0, me)]), 'reduce_scatter')
    call MPI_Iallreduce(two, total, 1, MPI_DOUBLE_PRECISION, MPI_SUM, MPI_COMM_WORLD, request, ierr)
    call MPI_Wait(request, status, ierr)
    call check(total(1) == n * (n - 1) / 2, 'iallreduce')
  end subroutine reductions

  subroutine halves()
    integer :: half, members, every(n), first, r
    call MPI_Comm_split(MPI_COMM_WORLD, modulo(me, 2), -me, half, ierr)
    call MPI_Comm_size(half, members, ierr)
    call check(members == (n + 1 - modulo(me, 2)) / 2, 'the size of a half')
    call MPI_Allgather(me, 1, MPI_INTEGER, every, 1, MPI_INTEGER, half, ierr)
    do r = 1, members
      call check(every(r) == 2 * (members - r) + modulo(me, 2), 'the order of a half')
    end do
    first = me
    call MPI_Bcast(first, 1, MPI_INTEGER, 0, half, ierr)
    call check(first == every(1), 'bcast in a half')
    call MPI_Comm_free(half, ierr)
  end subroutine halves

end program chorus
