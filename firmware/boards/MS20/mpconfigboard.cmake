# The MS-20 Pico: a Raspberry Pi Pico with its own list of frozen modules, and with memory laid out for an 8 kHz tick.
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)

# MicroPython's linker script with two changes:
# 1. The collector's heap ends 4 kB early. The tick's memory stands there (TICK_MEMORY in firmware/src/rp2040.py).
# 2. What runs in a tick, a round or a collection stands in RAM, where no cache miss can delay it. The script means to
#    do that for the bytecode loop and the collector, but by the names of object files that pico-sdk 2.1.1 has changed.
function(ms20_replace text old new)
    string(FIND "${${text}}" "${old}" found)
    if(found EQUAL -1)
        message(FATAL_ERROR "MicroPython's linker script is another one than this board knows: no '${old}' in it.")
    endif()
    string(REPLACE "${old}" "${new}" changed "${${text}}")
    set(${text} "${changed}" PARENT_SCOPE)
endfunction()

file(READ ${CMAKE_CURRENT_SOURCE_DIR}/memmap_mp_rp2040.ld ms20_script)
ms20_replace(ms20_script
    "__GcHeapEnd = ORIGIN(RAM) + LENGTH(RAM);"
    "__GcHeapEnd = ORIGIN(RAM) + LENGTH(RAM) - 4096;")
ms20_replace(ms20_script
    "*gc.c.obj *vm.c.obj *parse.c.obj"
    "*py/gc.c.o *py/vm.c.o *py/map.c.o *py/runtime.c.o *py/obj.c.o *py/objfun.c.o *py/objboundmeth.c.o \
*py/objtype.c.o *py/objint.c.o *py/bc.c.o *py/nlr.c.o *py/nlrthumb.c.o *py/scheduler.c.o *py/nativeglue.c.o \
*runtime/mpirq.c.o *rp2_dma.c.o *machine_pin.c.o *mp_usbd.c.o *mp_usbd_runtime.c.o *machine_usb_device.c.o \
*src/device/usbd.c.o *dcd_rp2040.c.o *rp2040_usb.c.o *tusb_fifo.c.o")
file(WRITE ${CMAKE_BINARY_DIR}/ms20.ld "${ms20_script}")
cmake_language(DEFER CALL set_target_properties firmware PROPERTIES
    PICO_TARGET_LINKER_SCRIPT ${CMAKE_BINARY_DIR}/ms20.ld)

# The collector stops everything but the tick, so it is worth compiling for speed (MicroPython does so for vm.c).
get_filename_component(ms20_py ${CMAKE_CURRENT_SOURCE_DIR}/../../py ABSOLUTE)
foreach(ms20_file gc.c runtime.c objfun.c bc.c)
    set_source_files_properties(${ms20_py}/${ms20_file} PROPERTIES COMPILE_OPTIONS "-O2")
endforeach()
