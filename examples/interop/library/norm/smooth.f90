! Replaces each value of x by the mean of itself and its neighbours, which at the
! ends are those of the ranks before and after. bind(c) gives the subroutine a name
! and arguments that C knows; one without is smooth_ and takes addresses.
subroutine smooth(x, n, comm) bind(c)
  use, intrinsic :: iso_c_binding
  use mpi
  implicit none
  integer(c_int), value :: n, comm
  real(c_double), intent(inout) :: x(n)
  real(c_double) :: old(0:n+1)
  integer :: rank, ranks, left, right, ierr, status(MPI_STATUS_SIZE)

  call MPI_Comm_rank(comm, rank, ierr)
  call MPI_Comm_size(comm, ranks, ierr)
  left = merge(rank - 1, MPI_PROC_NULL, rank > 0)
  right = merge(rank + 1, MPI_PROC_NULL, rank < ranks - 1)
  old = [x(1), x, x(n)]
  call MPI_Sendrecv(x(n), 1, MPI_DOUBLE_PRECISION, right, 0, old(0), 1, MPI_DOUBLE_PRECISION, left, 0, comm, status, ierr)
  call MPI_Sendrecv(x(1), 1, MPI_DOUBLE_PRECISION, left, 0, old(n+1), 1, MPI_DOUBLE_PRECISION, right, 0, comm, status, ierr)
  x = (old(:n-1) + old(1:n) + old(2:)) / 3
end subroutine smooth
