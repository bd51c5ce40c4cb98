// The board of the MS-20 Pico: a Raspberry Pi Pico, set up as MicroPython's own RPI_PICO but for its names on USB.
#define MICROPY_HW_BOARD_NAME                   "MS-20 Pico"

// 2 MB of flash: 640 kB for the program, then 1408 kB (from 0xA0000) for the file system, as on an official image.
#define MICROPY_HW_FLASH_STORAGE_BYTES          (1408 * 1024)

// 1209:0001 is the pair that pid.codes gives to everyone for private testing.
// Whoever makes instruments for others has to ask there for a pair of their own.
#define MICROPY_HW_USB_VID                      (0x1209)
#define MICROPY_HW_USB_PID                      (0x0001)
#define MICROPY_HW_USB_MANUFACTURER_STRING      "MS-20 clone contributors"
#define MICROPY_HW_USB_PRODUCT_FS_STRING        "MS-20 Pico"
#define MICROPY_HW_USB_CDC_INTERFACE_STRING     "MS-20 Pico service"

// Opening the serial port at 1200 baud and closing it again starts the boot ROM, for flashing without a button.
#define MICROPY_HW_USB_CDC_1200BPS_TOUCH        (1)

// Room for the collector to remember what it still has to look at. With the usual 64 entries it runs over, and each
// time looks through the whole heap again: 12 ms a collection instead of 2.
#define MICROPY_ALLOC_GC_STACK_SIZE             (1024)
