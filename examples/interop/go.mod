module example.com/interop

go 1.26.0

require github.com/mpi4go/mpi4go v0.0.0

require golang.org/x/sys v0.49.0 // indirect

replace github.com/mpi4go/mpi4go => ../..
