# What is frozen into the image. `ms20 image` says where the linked firmware is (MS20_LINKED).
freeze("$(PORT_DIR)/modules")  # noqa: F821  (_boot.py, which mounts the file system, and rp2.py)
freeze("$(MS20_LINKED)")  # noqa: F821
