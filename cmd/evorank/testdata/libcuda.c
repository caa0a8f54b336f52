// A CUDA driver for tests, of a machine whose one GPU computes nothing: device
// memory is host memory, full of zeros at first, copies are copies, and of
// every kernel it says that it ran. Signatures are the driver API's.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int CUresult; // 0: success

// SUCCESS is a function that takes whatever it is given and does nothing.
#define SUCCESS(name) CUresult name(void) { return 0; }

SUCCESS(cuInit) SUCCESS(cuGetErrorName) SUCCESS(cuGetErrorString)
SUCCESS(cuDeviceGetUuid_v2) SUCCESS(cuDeviceGetPCIBusId)
SUCCESS(cuDevicePrimaryCtxRetain) SUCCESS(cuDevicePrimaryCtxRelease_v2)
SUCCESS(cuCtxSetCurrent) SUCCESS(cuCtxSynchronize)
SUCCESS(cuModuleLoadData) SUCCESS(cuModuleUnload) SUCCESS(cuModuleGetFunction)
SUCCESS(cuFuncSetAttribute) SUCCESS(cuLaunchKernel)
SUCCESS(cuStreamCreate) SUCCESS(cuStreamDestroy_v2) SUCCESS(cuStreamSynchronize) SUCCESS(cuStreamWaitEvent)
SUCCESS(cuEventCreate) SUCCESS(cuEventDestroy_v2) SUCCESS(cuEventRecord) SUCCESS(cuEventSynchronize) SUCCESS(cuEventElapsedTime)

CUresult cuDriverGetVersion(int *version) { *version = 13000; return 0; }
CUresult cuDeviceGetCount(int *count) { *count = 1; return 0; }
CUresult cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
CUresult cuDeviceGetName(char *name, int size, int device) { strncpy(name, "Idle GPU", size); return 0; }
CUresult cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)1 << 30; return 0; }

CUresult cuDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
  case 75: *value = 9; break;         // compute capability: Hopper's
  case 16: *value = 132; break;       // multiprocessors
  case 97: *value = 227 << 10; break; // shared memory of a block, bytes
  default: *value = 0;
  }
  return 0;
}

CUresult cuFuncGetAttribute(int *value, int attribute, void *function) {
  *value = attribute == 0 ? 1024 : 0; // threads of a block; no registers, no shared memory
  return 0;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void *function, int threads, size_t shared) {
  *blocks = 1;
  return 0;
}

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) { *free = *total = (size_t)1 << 30; return 0; }
CUresult cuMemAlloc_v2(uint64_t *address, size_t bytes) { *address = (uintptr_t)calloc(1, bytes); return 0; }
CUresult cuMemFree_v2(uint64_t address) { free((void *)(uintptr_t)address); return 0; }
CUresult cuMemHostAlloc(void **address, size_t bytes, unsigned flags) { *address = calloc(1, bytes); return 0; }
CUresult cuMemFreeHost(void *address) { free(address); return 0; }

static CUresult copy(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); return 0; }

CUresult cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *stream) { return copy((void *)(uintptr_t)to, from, bytes); }
CUresult cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *stream) { return copy(to, (void *)(uintptr_t)from, bytes); }
CUresult cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *stream) { return copy((void *)(uintptr_t)to, (void *)(uintptr_t)from, bytes); }

CUresult cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, void *stream) { memset((void *)(uintptr_t)to, value, bytes); return 0; }
CUresult cuMemsetD32Async(uint64_t to, uint32_t value, size_t count, void *stream) {
  for (size_t i = 0; i < count; i++) ((uint32_t *)(uintptr_t)to)[i] = value;
  return 0;
}
